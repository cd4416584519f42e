//! Get, list and watch.

use std::sync::Arc;

use super::operation::{ListOutcome, Outcome, WatchOutcome};
use super::token::{Token, expired};
use super::{Registry, Strategy, cache_key, read_error};
use crate::cacher::{CacheError, Filter, Place, View};
use crate::meta::{ApiError, GetOptions, ListFrom, ListOptions, Selector, WatchFrom, WatchOptions};

impl<S: Strategy> Registry<S> {
    pub(super) async fn get(&self, place: &Place, options: GetOptions) -> Result<Outcome, ApiError> {
        let view = self.cacher.view(options).await.map_err(|error| read_error::<S>(&error, "get"))?;
        match view.get(&cache_key(place)) {
            Some(object) => Ok(Outcome::Object { code: 200, object: object.encoded().clone() }),
            None => Err(ApiError::not_found(Self::RESOURCE, &place.name)),
        }
    }

    pub(super) async fn list(&self, place: Place, options: ListOptions) -> Result<Outcome, ApiError> {
        let filter = self.filter(place, options.selector)?;
        let prefix = filter.prefix().to_owned();
        let (view, start) = self.list_view(options.from, &prefix).await?;
        let page = view.page(&filter, start.as_deref(), options.limit);
        if page.last.is_some() {
            self.cacher.remember(&view);
        }
        let continue_ = page.last.map(|last| Token::after(&last, &prefix, view.revision()).encode());
        let (revision, remaining, items) = (view.revision(), page.remaining, page.items);
        Ok(Outcome::List(ListOutcome { revision, continue_, remaining, items }))
    }

    /// Returns the state to list, and the key to begin at when it is not the first page.
    async fn list_view(&self, from: ListFrom, prefix: &str) -> Result<(View, Option<String>), ApiError> {
        let error = |error: CacheError| match error {
            CacheError::TooOld { .. } => {
                ApiError::expired("The resourceVersion for the provided list is too old.")
            }
            other => read_error::<S>(&other, "list"),
        };
        let options = match from {
            ListFrom::MostRecent => GetOptions::MostRecent,
            ListFrom::Any => GetOptions::Any,
            ListFrom::NotOlderThan(revision) => GetOptions::NotOlderThan(revision),
            ListFrom::Exact(revision) => {
                return Ok((self.cacher.view_at(revision).await.map_err(error)?, None));
            }
            ListFrom::Continue(token) => {
                let token = Token::decode(&token)?;
                let start = token.start(prefix);
                return Ok((self.continued(&token).await?, Some(start)));
            }
        };
        Ok((self.cacher.view(options).await.map_err(error)?, None))
    }

    async fn continued(&self, token: &Token) -> Result<View, ApiError> {
        let view = match token.revision() {
            Some(revision) => self.cacher.view_at(revision).await,
            None => self.cacher.view(GetOptions::MostRecent).await,
        };
        view.map_err(|error| match error {
            CacheError::TooOld { .. } => expired(token),
            other => read_error::<S>(&other, "list"),
        })
    }

    pub(super) async fn watch(&self, place: Place, options: WatchOptions) -> Result<Outcome, ApiError> {
        let filter = self.filter(place, options.selector)?;
        let watcher = self.cacher.watch(filter, options.from).await;
        Ok(Outcome::Watch(Box::new(WatchOutcome {
            watcher: watcher.map_err(|error| read_error::<S>(&error, "watch")),
            bookmarks: options.bookmarks,
            mark_initial_end: options.bookmarks && matches!(options.from, WatchFrom::State(_)),
            timeout: options.timeout,
        })))
    }

    pub(super) fn filter(&self, place: Place, selector: Selector) -> Result<Filter, ApiError> {
        self.check_fields(&selector)?;
        if !place.name.is_empty() && !selector.fields.is_empty() {
            let named = selector.fields.required_value("metadata.name");
            if named != Some(&place.name) {
                let why = "fieldSelector metadata.name doesn't match requested name";
                return Err(ApiError::bad_request(why));
            }
        }
        Ok(Filter::new(place, selector, Arc::clone(self.cacher.describe())))
    }

    /// Checks that only fields are selected by that can be.
    fn check_fields(&self, selector: &Selector) -> Result<(), ApiError> {
        let own = self.strategy.selectable_fields().iter().map(|field| field.path);
        let known: Vec<&str> = ["metadata.name", "metadata.namespace"].into_iter().chain(own).collect();
        match selector.fields.requirements().iter().find(|wanted| !known.contains(&wanted.path())) {
            None => Ok(()),
            Some(unknown) => Err(ApiError::bad_request(format!(
                "\"{}\" is not a known field selector: only \"{}\"",
                unknown.path(),
                known.join("\", \"")
            ))),
        }
    }
}
