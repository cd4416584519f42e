"""Follows Workflows with the dynamic client and prints what it keeps, a line for each mark that it sees.

follow.py list|watch-list KUBECONFIG SELECTION
"""

import json
import sys
import time

from kubernetes import config, dynamic
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

MARKED = ("default", "zz-marked")


class Follower:
    """A copy of what a selection selects, and the version up to which it is complete."""

    def __init__(self, resource, selection, by_watch):
        self.resource = resource
        self.by_watch = by_watch
        self.query = {
            "namespace": selection["namespace"] or None,
            "label_selector": selection["labels"] or None,
            "field_selector": selection["fields"] or None,
        }
        self.objects, self.version, self.told = {}, None, None

    def follow(self):
        """Goes on whatever happens to the connection, and begins anew when the server has forgotten too much."""
        while True:
            try:
                if self.version is None:
                    self.begin()
                self.resume()
            except HTTPError:
                time.sleep(0.05)
            except ApiException as error:
                if error.status != 410:
                    raise
                self.version = None

    def begin(self):
        if self.by_watch:
            self.begin_with_watch()
        else:
            listed = self.resource.get(**self.query).to_dict()
            self.objects = {key(item): item for item in listed["items"]}
            self.version = listed["metadata"]["resourceVersion"]
        self.tell()

    def begin_with_watch(self):
        objects = {}
        for event in self.resource.watch(
            **self.query,
            allow_watch_bookmarks=True,
            send_initial_events=True,
            resource_version_match="NotOlderThan",
        ):
            seen = event["raw_object"]
            if event["type"] == "BOOKMARK":
                assert seen["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true", seen
                self.objects, self.version = objects, seen["metadata"]["resourceVersion"]
                return
            assert event["type"] == "ADDED", event
            objects[key(seen)] = seen
        raise HTTPError("the watch ended before the end of its first objects")

    def resume(self):
        for event in self.resource.watch(
            **self.query, resource_version=self.version, allow_watch_bookmarks=True
        ):
            seen = event["raw_object"]
            if event["type"] == "DELETED":
                del self.objects[key(seen)]
            elif event["type"] != "BOOKMARK":
                assert (event["type"] == "ADDED") == (key(seen) not in self.objects), event
                self.objects[key(seen)] = seen
            self.version = seen["metadata"]["resourceVersion"]
            self.tell()

    def tell(self):
        marked = self.objects.get(MARKED)
        mark = marked and marked["metadata"]["labels"]["mark"]
        if mark != self.told:
            print(json.dumps(list(self.objects.values())), flush=True)
            self.told = mark


def key(item):
    return item["metadata"]["namespace"], item["metadata"]["name"]


def main():
    first, kubeconfig, selection = sys.argv[1:]
    client = dynamic.DynamicClient(config.new_client_from_config(kubeconfig))
    resource = client.resources.get(api_version="workflow.example.com/v1alpha1", kind="Workflow")
    Follower(resource, json.loads(selection), first == "watch-list").follow()


main()
