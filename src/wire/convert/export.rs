//! Models as files of other programs.

use super::models::{number, number_from};
use crate::error::{Error, Result};
use crate::wire::answers::ExportedModel;
use crate::wire::models::ExportModelResponse;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// A piece of a file as it travels.
///
/// # Panics
/// If it is not all there.
pub fn exported(file: &[u8], piece: Range<usize>, model: &str, version: u64) -> ExportModelResponse {
    let (total, end) = (file.len(), piece.end);
    ExportModelResponse {
        model: Some(model.to_owned()),
        version: Some(number(version)),
        file_name: Some(format!("{model}-{version}.onnx")),
        content: Some(file[piece].to_vec().into()),
        total_bytes: Some(number(total as u64)),
        sha256: Some(hex(file)),
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
    let found = hex(&whole.content);
    if found == whole.sha256 {
        return Ok(());
    }
    let ExportedModel { file_name, sha256, .. } = whole;
    Err(Error::invalid(format!("{file_name} came with the SHA-256 {found} and should have {sha256}; ask again")))
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_survive_the_wire_and_make_a_whole_that_is_checked() {
        let (mut whole, next) = exported_from(exported(b"a file", 0..4, "wine", 3));
        let (rest, end) = exported_from(exported(b"a file", 4..6, "wine", 3));

        assert_eq!((next, end, whole.file_name.as_str(), rest.version), (Some(4), None, "wine-3.onnx", 3));
        assert!(check_export(&whole).unwrap_err().to_string().contains("wine-3.onnx came with the SHA-256"));
        whole.content.extend(rest.content);
        check_export(&whole).unwrap();
        assert_eq!(whole.content, b"a file");
    }
}
