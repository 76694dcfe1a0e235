//! Pages of a list. A token says after which item to go on, and is bound to the filters it was made with: with others it
//! would silently skip items. It grants nothing, the filters and the organisation apply again.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::params::{Params, wrong};
use super::report::Report;
use crate::model::value::hex_text;

const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 200;
/// Hex digits that tell one set of filters from another.
const BINDING_DIGITS: usize = 16;
/// The ids of all lists: UUIDs in hex digits, or numbers.
const MAX_ID_DIGITS: usize = 32;

/// Which part of a list is wanted.
#[derive(Debug)]
pub struct Page {
    pub limit: u32,
    /// Id of the last item of the page before.
    pub after: Option<String>,
    binding: String,
}

/// One page and how to get the next one.
#[derive(Debug)]
pub struct Cut<T> {
    pub items: Vec<T>,
    pub next_page_token: Option<String>,
}

impl Page {
    /// `list` names what is listed and for whom: a token of one list is not one of another.
    pub fn read(params: &Params, list: &str, report: &Report) -> Self {
        let limit = params.integer("limit", 1..=MAX_LIMIT, report);
        let binding = binding(params, list);
        let token = params.text("page_token", report);
        let after = token.and_then(|token| last_id(token, &binding));
        if token.is_some() && after.is_none() {
            let detail = "is not of this list with these filters; start again without it";
            wrong(report, "page_token", detail);
        }
        Self {
            limit: limit.unwrap_or(DEFAULT_LIMIT) as u32,
            after: after.map(str::to_owned),
            binding,
        }
    }

    /// How many items to ask the store for: one more shows whether another page follows.
    pub fn fetch(&self) -> u32 {
        self.limit + 1
    }

    /// Cuts off what belongs to the next page.
    pub fn cut<T>(&self, mut items: Vec<T>, id: impl Fn(&T) -> String) -> Cut<T> {
        let more = items.len() > self.limit as usize;
        items.truncate(self.limit as usize);
        let last = items.last().filter(|_| more);
        Cut {
            next_page_token: last.map(|last| format!("{}{}", self.binding, id(last))),
            items,
        }
    }

    /// The same for a whole list, newest first by an id that grows.
    pub fn cut_all<T>(&self, mut items: Vec<T>, id: impl Fn(&T) -> String) -> Cut<T> {
        if let Some(after) = &self.after {
            items.retain(|item| id(item) < *after);
        }
        self.cut(items, id)
    }
}

impl<T> Cut<T> {
    pub fn map<V: Serialize>(self, view: impl FnMut(T) -> V) -> Cut<V> {
        Cut {
            items: self.items.into_iter().map(view).collect(),
            next_page_token: self.next_page_token,
        }
    }
}

fn binding(params: &Params, list: &str) -> String {
    let mut filters: Vec<_> = params
        .pairs()
        .iter()
        .filter(|(name, _)| name != "limit" && name != "page_token")
        .collect();
    filters.sort();
    let mut digest = Sha256::new();
    digest.update(format!("{list:?} {filters:?}"));
    hex_text(&digest.finalize())[2..2 + BINDING_DIGITS].to_owned()
}

fn last_id<'a>(token: &'a str, binding: &str) -> Option<&'a str> {
    let id = token.strip_prefix(binding)?;
    let well_formed =
        (1..=MAX_ID_DIGITS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    well_formed.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<Page, super::super::problem::Problem> {
        let report = Report::default();
        let page = Page::read(&Params::parse(query), "jobs of o1", &report);
        report.finish(Some(page))
    }

    #[test]
    fn a_token_goes_on_after_the_last_item_whatever_the_limit() {
        let first = page("state=failed&kb_id=1&limit=2").unwrap();
        let cut = first.cut(vec![9, 8, 7], i32::to_string);
        assert_eq!(cut.items, [9, 8]);
        let token = cut.next_page_token.unwrap();
        let next = page(&format!("kb_id=1&limit=5&state=failed&page_token={token}")).unwrap();
        assert_eq!(next.after.as_deref(), Some("8"));
        assert!(next.cut(vec![7], i32::to_string).next_page_token.is_none());
    }

    #[test]
    fn a_token_with_other_filters_is_refused() {
        let cut = page("state=failed&limit=1")
            .unwrap()
            .cut(vec![2, 1], i32::to_string);
        let token = cut.next_page_token.unwrap();
        for query in [
            format!("page_token={token}"),
            format!("state=failed&state=stopped&page_token={token}"),
            format!("state=failed&page_token={token}'"),
            "state=failed&page_token=x".to_owned(),
        ] {
            let problem = page(&query).unwrap_err();
            assert_eq!(problem.errors()[0].pointer, "/page_token", "{query}");
        }
    }

    #[test]
    fn a_limit_out_of_range_is_refused() {
        for limit in ["0", "201", "-1", "x", "1.5"] {
            assert!(page(&format!("limit={limit}")).is_err(), "{limit}");
        }
        assert_eq!(page("").unwrap().limit, 50);
        assert_eq!(page("limit=200").unwrap().limit, 200);
    }
}
