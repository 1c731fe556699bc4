//! Models as files of other programs.

use super::models::{number, number_from};
use crate::error::{Error, Result};
use crate::storage;
use crate::wire::answers::ExportedModel;
use crate::wire::models::ExportModelResponse;
use bytes::Bytes;
use std::ops::Range;

/// A piece of a file as it travels; `sha256` is that of the whole one.
///
/// # Panics
/// If it is not all there.
pub fn exported(file: &Bytes, sha256: String, piece: Range<usize>, model: &str, version: u64) -> ExportModelResponse {
    let (total, end) = (file.len(), piece.end);
    ExportModelResponse {
        model: Some(model.to_owned()),
        version: Some(number(version)),
        file_name: Some(format!("{model}-{version}.onnx")),
        content: Some(file.slice(piece)),
        total_bytes: Some(number(total as u64)),
        sha256: Some(sha256),
        next_byte: (end < total).then_some(number(end as u64)),
    }
}

/// A piece of a file as a client received it, and where the next one begins.
pub fn exported_from(answer: ExportModelResponse) -> (ExportedModel, Option<u64>) {
    let piece = ExportedModel {
        model: answer.model.unwrap_or_default(),
        version: number_from(answer.version),
        file_name: answer.file_name.unwrap_or_default(),
        sha256: answer.sha256.unwrap_or_default(),
        content: answer.content.unwrap_or_default().to_vec(),
    };
    (piece, answer.next_byte.map(|byte| number_from(Some(byte))))
}

/// Whether all pieces are there.
///
/// # Errors
/// [`Error::InvalidArgument`] if their SHA-256 is another one.
pub fn check_export(whole: &ExportedModel) -> Result<()> {
    let found = storage::sha256(&whole.content);
    if found == whole.sha256 {
        return Ok(());
    }
    let ExportedModel { file_name, sha256, .. } = whole;
    Err(Error::invalid(format!("{file_name} came with the SHA-256 {found} and should have {sha256}; ask again")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_survive_the_wire_and_make_a_whole_that_is_checked() {
        let file = Bytes::from_static(b"a file");
        let piece = |piece| exported_from(exported(&file, storage::sha256(&file), piece, "wine", 3));
        let ((mut whole, next), (rest, end)) = (piece(0..4), piece(4..6));

        assert_eq!((next, end, whole.file_name.as_str(), rest.version), (Some(4), None, "wine-3.onnx", 3));
        assert!(check_export(&whole).unwrap_err().to_string().contains("wine-3.onnx came with the SHA-256"));
        whole.content.extend(rest.content);
        check_export(&whole).unwrap();
        assert_eq!(whole.content, b"a file");
    }
}
