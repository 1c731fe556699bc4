//! `modelwire export`

use super::Failure;
use super::remote::Remote;
use serde_json::json;
use std::path::PathBuf;

/// Write a model as a file that other programs predict with
///
/// The file is ONNX, with opset 13: onnxruntime and others compute the same predictions from it, in double precision. Its input is
/// "features", a double for each column that the model takes, in the order of "modelwire models show".
///
/// Examples:
///     modelwire export wine@3 --format onnx --output wine.onnx
///     modelwire export wine
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// "wine" (its alias "stable"), "wine@3", "wine@canary" or "wine@latest".
    model: String,
    /// What to write.
    #[arg(long, default_value = "onnx", value_name = "FORMAT")]
    format: String,
    /// Where to write it, in the place of what is there [default: MODEL-VERSION.onnx here].
    #[arg(long, value_name = "FILE.onnx")]
    output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) remote: Remote,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { model, format, output, remote } = arguments;
    remote.run(async |client| {
        let exported = client.export_model(&model, &format).await?;
        let path = output.unwrap_or_else(|| format!("{}-{}.onnx", exported.model, exported.version).into());
        std::fs::write(&path, &exported.content)
            .map_err(|cause| Failure::Failed(format!("{} cannot be written: {cause}", path.display())))?;
        let document = json!({
            "model": exported.model,
            "version": exported.version,
            "file": path.display().to_string(),
            "bytes": exported.content.len(),
            "sha256": exported.sha256,
        });
        remote.print(&document, || {
            format!(
                "{}@{} is in {}: {} bytes, SHA-256 {}",
                exported.model,
                exported.version,
                path.display(),
                exported.content.len(),
                exported.sha256
            )
        })
    })
}
