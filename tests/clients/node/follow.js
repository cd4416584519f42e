// Follows Workflows with an informer and prints what it keeps, a line for each mark that it sees.
//
// follow.js KUBECONFIG SELECTION

import { CustomObjectsApi, KubeConfig, ListWatch, Watch } from '@kubernetes/client-node';

const [kubeconfig, selection] = process.argv.slice(2);
const { namespace, labels, fields } = JSON.parse(selection);
const config = new KubeConfig();
config.loadFromFile(kubeconfig);

const resource = { group: 'workflow.example.com', version: 'v1alpha1', plural: 'workflows' };
const selectors = { labelSelector: labels || undefined, fieldSelector: fields || undefined };
const api = config.makeApiClient(CustomObjectsApi);
const list = () =>
    namespace
        ? api.listNamespacedCustomObject({ ...resource, ...selectors, namespace })
        : api.listClusterCustomObject({ ...resource, ...selectors });
const place = namespace ? `/namespaces/${namespace}` : '';
const path = `/apis/${resource.group}/${resource.version}${place}/${resource.plural}`;

const informer = new ListWatch(
    path,
    new Watch(config),
    list,
    false,
    selectors.labelSelector,
    selectors.fieldSelector,
);

let told;
informer.on('change', () => {
    const mark = informer.get('zz-marked', 'default')?.metadata.labels.mark;
    if (mark !== told) {
        told = mark;
        // Not before all of a list is in, if it was one that brought the change.
        setImmediate(() => console.log(JSON.stringify(informer.list())));
    }
});
informer.on('error', (error) => {
    // An answer of the server is none that trying again would change.
    if ((error.statusCode ?? error.code) >= 400) {
        throw error;
    }
    setTimeout(() => informer.start(), 50);
});
await informer.start();
