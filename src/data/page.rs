//! Lists that are answered a page at a time.

use super::Name;
use crate::error::{Error, Result};

/// Most entries of a page.
pub const MAX_PAGE: usize = 1000;

/// The entries after a name, by name, as many as were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// In the order of their names.
    pub entries: Vec<T>,
    /// There are more after this name; `None` on the last page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts a page out of named entries that come by name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `limit` is not from 1 to [`MAX_PAGE`].
    pub fn cut<'a>(named: impl Iterator<Item = (&'a Name, T)>, after: Option<&str>, limit: usize) -> Result<Self> {
        let named = named.map(|(name, entry)| (name.as_str(), entry));
        Self::first(named.filter(|(name, _)| after.is_none_or(|after| *name > after)), limit)
    }

    /// Takes the first `limit` entries; each comes with what a caller names to go on after it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `limit` is not from 1 to [`MAX_PAGE`].
    pub fn first<'a>(mut rest: impl Iterator<Item = (&'a str, T)>, limit: usize) -> Result<Self> {
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Error::invalid(format!("limit is {limit}; a page has from 1 to {MAX_PAGE} entries")));
        }
        let (names, entries): (Vec<_>, Vec<_>) = rest.by_ref().take(limit).unzip();
        let next = rest.next().and(names.last()).map(|name| (*name).to_owned());
        Ok(Self { entries, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let names: Vec<_> = ["a", "b", "c", "d", "e"].map(|name| Name::parse("a", name).unwrap()).into();
        for limit in 1..=6 {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = Page::cut(names.iter().map(|name| (name, name)), after.as_deref(), limit).unwrap();
                seen.extend(page.entries);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, names.iter().collect::<Vec<_>>(), "pages of {limit}");
        }
    }

    #[test]
    fn a_page_of_none_or_too_many_is_refused() {
        for limit in [0, MAX_PAGE + 1] {
            assert!(Page::<()>::cut(std::iter::empty(), None, limit).is_err());
        }
    }
}
