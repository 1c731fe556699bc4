//! Frames with headers: what is opened can be sealed again, and is then the same.

use super::LIMITS;
use crate::wire::headed::{Opened, Refused};
use crate::wire::{Headers, theader, ttheader};
use bytes::Bytes;

/// A frame of THeader behind its length. Law: what is opened is the same after it was sealed and opened again.
pub fn theader(frame: &[u8]) {
    let open = |frame| theader::open(frame, &LIMITS);
    let Some((opened, again)) = hold(frame, open, |opened| opened.headers.clone()) else { return };

    assert_eq!(again.headers, opened.headers);
}

/// A frame of TTHeader behind its length. Law: as for THeader, but that names are freed of prefixes and so not sealed again.
pub fn ttheader(frame: &[u8]) {
    hold(frame, |frame| ttheader::open(frame, &LIMITS), |_| Headers::default());
}

/// What is opened, and what it is after it was sealed with these headers and opened again.
fn hold(
    frame: &[u8],
    open: impl Fn(Bytes) -> Result<Opened, Refused>,
    headers: impl Fn(&Opened) -> Headers,
) -> Option<(Opened, Opened)> {
    let opened = open(Bytes::copy_from_slice(frame)).ok()?;
    assert!(opened.message.len() <= LIMITS.max_frame_bytes.max(frame.len()), "it has grown beyond the limit");
    let (sealed, start) = opened.envelope.seal(opened.message.to_vec(), 0, &headers(&opened)).ok()?;

    let again = open(Bytes::from(sealed).slice(start + 4..)).expect("what was sealed here can be opened");

    assert_eq!(again.message, opened.message);
    assert_eq!(again.envelope, opened.envelope);
    Some((opened, again))
}
