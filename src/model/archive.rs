//! The state of a fit as bytes, and back, to the bit: one function writes and reads it, so that the two never differ.

use crate::error::{Error, Result};

/// What has a state that can be written and read again.
///
/// Reading begins with a state as a fresh fit has it. What has a length of its own there keeps that: a state of another length is
/// refused.
pub(super) trait State: Clone {
    /// Passes all that changes through the archive, always in the same order.
    ///
    /// # Errors
    /// [`Error::Damaged`] if what is read is not such a state.
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()>;
}

/// Bytes that a state is written to, or read from.
pub(super) enum Archive<'a> {
    /// What was written, at most so many bytes.
    Write { bytes: Vec<u8>, most: usize },
    /// What has not been read yet.
    Read(&'a [u8]),
}

/// The bytes of a state; `None` if they are more than that.
pub(super) fn written(state: &mut impl State, most: usize) -> Result<Option<Vec<u8>>> {
    let mut archive = Archive::Write { bytes: vec![], most };
    state.pass(&mut archive)?;
    match archive {
        Archive::Write { bytes, most } if bytes.len() <= most => Ok(Some(bytes)),
        _ => Ok(None),
    }
}

/// What a fresh state becomes by bytes that were written of another one.
///
/// # Errors
/// [`Error::Damaged`] if they are not the bytes of such a state.
pub(super) fn read<S: State>(fresh: &S, bytes: &[u8]) -> Result<S> {
    let (mut state, mut archive) = (fresh.clone(), Archive::Read(bytes));
    state.pass(&mut archive)?;
    match archive {
        Archive::Read([]) => Ok(state),
        _ => Err(damaged("something follows its end")),
    }
}

impl Archive<'_> {
    /// Whether what passes is what was read, and not what is written.
    pub(super) fn is_reading(&self) -> bool {
        matches!(self, Self::Read(_))
    }

    /// A number.
    pub(super) fn number(&mut self, number: &mut f64) -> Result<()> {
        let mut bits = number.to_bits();
        self.bits(&mut bits)?;
        *number = f64::from_bits(bits);
        Ok(())
    }

    /// A count.
    pub(super) fn count(&mut self, count: &mut usize) -> Result<()> {
        let mut bits = *count as u64;
        self.bits(&mut bits)?;
        *count = usize::try_from(bits).map_err(|_| damaged("a count is beyond the range of counts"))?;
        Ok(())
    }

    /// A count that has half the bits in memory.
    pub(super) fn small_count(&mut self, count: &mut u32) -> Result<()> {
        let mut bits = u64::from(*count);
        self.bits(&mut bits)?;
        *count = u32::try_from(bits).map_err(|_| damaged("a count is beyond the range of counts"))?;
        Ok(())
    }

    /// Whether something is so.
    pub(super) fn flag(&mut self, flag: &mut bool) -> Result<()> {
        let mut bits = u64::from(*flag);
        self.bits(&mut bits)?;
        *flag = bits == 1;
        if bits > 1 { Err(damaged("a flag is neither set nor not")) } else { Ok(()) }
    }

    /// As many numbers as there are.
    pub(super) fn numbers<'n>(&mut self, numbers: impl IntoIterator<Item = &'n mut f64>) -> Result<()> {
        let (mut numbers, mut n_numbers) = (numbers.into_iter(), 0);
        numbers.try_for_each(|number| {
            n_numbers += 1;
            self.number(number)
        })?;
        let mut own = n_numbers;
        self.count(&mut own)?;
        if own == n_numbers { Ok(()) } else { Err(damaged("it has not as many numbers as the fit")) }
    }

    /// Any number of things, each made by `blank` before it is read.
    pub(super) fn list<T>(
        &mut self,
        list: &mut Vec<T>,
        blank: impl Fn() -> T,
        pass: impl Fn(&mut T, &mut Self) -> Result<()>,
    ) -> Result<()> {
        let mut length = list.len();
        self.count(&mut length)?;
        if self.is_reading() {
            // One by one: a length that is a lie ends at the end of the bytes, and not of the memory.
            list.clear();
            for _ in 0..length {
                let mut one = blank();
                pass(&mut one, self)?;
                list.push(one);
            }
            return Ok(());
        }
        list.iter_mut().try_for_each(|one| pass(one, self))
    }

    /// Any number of numbers.
    pub(super) fn numbers_of_any_length(&mut self, numbers: &mut Vec<f64>) -> Result<()> {
        self.list(numbers, || 0.0, |number, archive| archive.number(number))
    }

    /// Words.
    pub(super) fn text(&mut self, text: &mut String) -> Result<()> {
        let mut length = text.len();
        self.count(&mut length)?;
        match self {
            Self::Write { bytes, most } if bytes.len() > *most => {}
            Self::Write { bytes, .. } => bytes.extend_from_slice(text.as_bytes()),
            Self::Read(bytes) => {
                let (own, rest) = bytes.split_at_checked(length).ok_or_else(|| damaged("it ends too early"))?;
                *text = str::from_utf8(own).map_err(|_| damaged("a text is none"))?.to_owned();
                *bytes = rest;
            }
        }
        Ok(())
    }

    /// Something that may be missing.
    pub(super) fn optional<T>(
        &mut self,
        value: &mut Option<T>,
        blank: impl FnOnce() -> T,
        pass: impl FnOnce(&mut T, &mut Self) -> Result<()>,
    ) -> Result<()> {
        let mut is_there = value.is_some();
        self.flag(&mut is_there)?;
        if self.is_reading() {
            *value = is_there.then(blank);
        }
        value.as_mut().map_or(Ok(()), |value| pass(value, self))
    }

    fn bits(&mut self, bits: &mut u64) -> Result<()> {
        match self {
            // One that is too long is given up, and takes no more memory.
            Self::Write { bytes, most } if bytes.len() > *most => {}
            Self::Write { bytes, .. } => bytes.extend_from_slice(&bits.to_le_bytes()),
            Self::Read(bytes) => {
                let (first, rest) = bytes.split_first_chunk().ok_or_else(|| damaged("it ends too early"))?;
                (*bits, *bytes) = (u64::from_le_bytes(*first), rest);
            }
        }
        Ok(())
    }
}

pub(super) fn damaged(why: &str) -> Error {
    Error::Damaged { path: "the state of a fit".into(), why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Everything {
        way: Vec<f64>,
        epoch: usize,
        ended: bool,
        found: Vec<f64>,
        best: Option<f64>,
        why: String,
    }

    impl State for Everything {
        fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
            archive.numbers(&mut self.way)?;
            archive.count(&mut self.epoch)?;
            archive.flag(&mut self.ended)?;
            archive.numbers_of_any_length(&mut self.found)?;
            archive.optional(&mut self.best, || 0.0, |best, archive| archive.number(best))?;
            archive.text(&mut self.why)
        }
    }

    fn fresh(length: usize) -> Everything {
        Everything { way: vec![0.0; length], epoch: 0, ended: false, found: vec![], best: None, why: String::new() }
    }

    proptest! {
        #[test]
        fn a_state_comes_back_to_the_bit_and_no_part_of_its_bytes_is_one(
            way in prop::collection::vec(any::<u64>(), 0..4), found in prop::collection::vec(any::<u64>(), 0..4),
            best in any::<Option<u64>>(), epoch in any::<usize>(), ended in any::<bool>(), why in any::<String>(),
        ) {
            let numbers = |bits: Vec<u64>| bits.into_iter().map(f64::from_bits).collect::<Vec<f64>>();
            let length = way.len();
            let mut state = Everything {
                way: numbers(way), epoch, ended, found: numbers(found), best: best.map(f64::from_bits), why,
            };

            let bytes = written(&mut state, usize::MAX).unwrap().unwrap();
            let mut back = read(&fresh(length), &bytes).unwrap();

            prop_assert_eq!(written(&mut back, usize::MAX).unwrap().unwrap(), bytes.clone());
            prop_assert!((0..bytes.len()).all(|end| read(&fresh(length), &bytes[..end]).is_err()));
            prop_assert!(read(&fresh(length), &[&bytes[..], &[0]].concat()).is_err());
        }
    }

    #[test]
    fn a_state_of_another_length_is_refused() {
        let bytes = written(&mut fresh(3), usize::MAX).unwrap().unwrap();

        assert!(read(&fresh(2), &bytes).is_err() && read(&fresh(4), &bytes).is_err());
    }

    #[test]
    fn a_list_that_says_to_be_endless_is_refused_before_it_takes_memory() {
        let bytes: Vec<u8> = [0, 1, 0, u64::MAX, 5].iter().flat_map(|bits: &u64| bits.to_le_bytes()).collect();

        assert!(read(&fresh(0), &bytes).unwrap_err().to_string().contains("ends too early"));
    }

    #[test]
    fn words_that_are_none_are_refused() {
        let mut state = Everything { why: "e".into(), ..fresh(0) };
        let mut bytes = written(&mut state, usize::MAX).unwrap().unwrap();
        *bytes.last_mut().unwrap() = 0xff;

        assert!(read(&fresh(0), &bytes).unwrap_err().to_string().contains("a text is none"));
    }

    #[test]
    fn what_is_too_long_is_not_written() {
        let mut state = fresh(3);
        let length = written(&mut state, usize::MAX).unwrap().unwrap().len();

        assert!(written(&mut state, length).unwrap().is_some());
        assert!(written(&mut state, length - 1).unwrap().is_none());
    }
}
