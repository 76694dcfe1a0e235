//! Lists in numbered pages.

use serde::Serialize;
use url::form_urlencoded::Serializer;
use utoipa::ToSchema;

use super::super::params::Params;
use super::super::report::Report;

const DEFAULT_SIZE: i64 = 100;
const MAX_SIZE: i64 = 100;
/// No list is so long; the number of the first item behind it still is an int64.
const MAX_PAGE: i64 = 1_000_000_000;

/// Which part of a list is wanted.
#[derive(Debug)]
pub struct NumberedPage {
    number: i64,
    size: i64,
    /// The filters, which every link repeats.
    filters: Vec<(String, String)>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing<T: ToSchema> {
    data: Vec<T>,
    links: Links,
    meta: Meta,
}

/// Other pages of the same list, with the same filters.
#[derive(Debug, Serialize, ToSchema)]
pub struct Links {
    #[serde(rename = "self")]
    this: String,
    first: String,
    prev: Option<String>,
    next: Option<String>,
    last: String,
}

/// How much there is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Meta {
    total_count: i64,
    total_pages: i64,
}

impl NumberedPage {
    pub fn read(params: &Params, report: &Report) -> Self {
        let number = params.integer("page", 1..=MAX_PAGE, report);
        let size = params.integer("per_page", 1..=MAX_SIZE, report);
        let filters = params.pairs().iter();
        let filters = filters.filter(|(name, _)| name != "page" && name != "per_page");
        Self {
            number: number.unwrap_or(1),
            size: size.unwrap_or(DEFAULT_SIZE),
            filters: filters.cloned().collect(),
        }
    }

    /// How many items come before it.
    pub fn skip(&self) -> i64 {
        (self.number - 1) * self.size
    }

    pub fn size(&self) -> i64 {
        self.size
    }

    /// Its part of a whole list.
    pub fn cut<T>(&self, all: Vec<T>) -> Vec<T> {
        let (skip, size) = (self.skip() as usize, self.size as usize);
        all.into_iter().skip(skip).take(size).collect()
    }

    /// The page with these items, of a list of so many at this path.
    pub fn of<T: ToSchema>(&self, path: &str, data: Vec<T>, total_count: i64) -> Listing<T> {
        let total_pages = (total_count + self.size - 1) / self.size;
        let last = total_pages.max(1);
        let link = |number: i64| {
            let mut query = Serializer::new(String::new());
            query.extend_pairs(&self.filters);
            query.append_pair("page", &number.to_string());
            query.append_pair("per_page", &self.size.to_string());
            format!("{path}?{}", query.finish())
        };
        let links = Links {
            this: link(self.number),
            first: link(1),
            prev: (self.number > 1).then(|| link((self.number - 1).min(last))),
            next: (self.number < last).then(|| link(self.number + 1)),
            last: link(last),
        };
        Listing {
            data,
            links,
            meta: Meta {
                total_count,
                total_pages,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> NumberedPage {
        let report = Report::default();
        let page = NumberedPage::read(&Params::parse(query), &report);
        report.finish(Some(page)).expect("a good query")
    }

    #[test]
    fn pages_lead_to_each_other_with_their_filters() {
        let second = page("page=2&per_page=2&type=a%26b");
        assert_eq!(second.cut(vec![1, 2, 3, 4, 5]), [3, 4]);
        let links = second.of("/x", vec![3, 4], 5).links;
        assert_eq!(
            links.prev.as_deref(),
            Some("/x?type=a%26b&page=1&per_page=2")
        );
        assert_eq!(
            links.next.as_deref(),
            Some("/x?type=a%26b&page=3&per_page=2")
        );
        assert_eq!(links.last, "/x?type=a%26b&page=3&per_page=2");
    }

    #[test]
    fn a_page_behind_the_end_is_empty_and_leads_back() {
        let far = page("page=9&per_page=2");
        assert!(far.cut(vec![1]).is_empty());
        let listing = far.of::<i32>("/x", vec![], 1);
        assert_eq!(listing.links.prev.as_deref(), Some("/x?page=1&per_page=2"));
        assert_eq!(listing.links.next, None);
        let empty = page("").of::<i32>("/x", vec![], 0);
        assert_eq!((empty.meta.total_pages, empty.links.next), (0, None));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for query in ["page=0", "page=x", "per_page=0", "per_page=101"] {
            let report = Report::default();
            let page = NumberedPage::read(&Params::parse(query), &report);
            assert!(report.finish(Some(page)).is_err(), "{query}");
        }
    }
}
