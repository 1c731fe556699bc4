//! Models as files of other programs.

use super::Service;
use crate::data::Reference;
use crate::error::{Error, Result, quotable};
use crate::wire::models::{ExportModelRequest, ExportModelResponse};
use crate::wire::{aside, convert};
use std::ops::Range;
use std::sync::Arc;

/// Files that are written at once; others wait for as long as their callers do.
pub(super) const AT_ONCE: usize = 2;

impl Service {
    /// The file is written again for each of its pieces, of which there are few but of the largest forests: the same model gives the same bytes.
    pub(super) async fn exported(&self, request: ExportModelRequest) -> Result<ExportModelResponse> {
        let ExportModelRequest { model, format, from_byte, .. } = request;
        let reference = Reference::parse("model", model.unwrap_or_default())?;
        match format.as_deref() {
            Some("onnx") => {}
            None => return Err(Error::invalid("the request names no format; there is onnx")),
            Some(other) => {
                return Err(Error::invalid(format!("format {:?} is not known; there is onnx", quotable(other))));
            }
        }
        let model = self.parts.registry.resolve(&reference)?.model;
        let place = Arc::clone(&self.exports).acquire_owned().await;
        let place = place.map_err(|_| Error::internal("the places of exports are closed"))?;
        // Half a message: text protocols write three bytes as four.
        let most = (self.parts.wire_limits.max_frame_bytes / 2).max(1);
        let write = move || {
            let _place = place; // Until it is written, whoever still waits for it.
            let file = Arc::clone(&model).to_onnx()?;
            let piece = piece(from_byte, most, file.len())?;
            Ok(convert::exported(&file, piece, model.name.as_str(), model.version))
        };
        aside(usize::MAX, write).await?
    }
}

fn piece(from: Option<i64>, most: usize, total: usize) -> Result<Range<usize>> {
    let from = from.unwrap_or(0);
    let start = usize::try_from(from).ok().filter(|from| *from <= total);
    let start = start.ok_or_else(|| {
        Error::invalid(format!("from_byte is {from} and the file has {total} bytes; they are counted from 0"))
    })?;
    Ok(start..start.saturating_add(most).min(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_has_as_many_bytes_as_fit_and_begins_within_the_file() {
        let of = |from| piece(from, 10, 25).unwrap();

        assert_eq!([of(None), of(Some(20)), of(Some(25))], [0..10, 20..25, 25..25]);
        for wrong in [-1, 26] {
            let refused = piece(Some(wrong), 10, 25).unwrap_err().to_string();
            assert!(refused.contains(&format!("from_byte is {wrong} and the file has 25 bytes")), "{refused}");
        }
    }
}
