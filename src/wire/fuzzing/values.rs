//! Messages in each protocol: they end in one place, and their requests survive every protocol.

use super::LIMITS;
use crate::wire::frame::EndOf;
use crate::wire::message::{decode, encode, write_single};
use crate::wire::{
    Envelope, Format, Message, Protocol, Transport, datasets, health, inference, models, search, services, training,
};
use bytes::Bytes;
use std::fmt::Debug;
use thrift::protocol::{TMessageIdentifier, TMessageType, TSerializable, TType};

/// A message in strict binary.
///
/// Laws: the end of it does not depend on how its bytes arrive; a message that is read ends where the scanner says; each
/// request struct that can be read out of it is the same after it was written and read in every protocol.
pub fn binary(message: &[u8]) {
    hold(Protocol::Binary, message);
}

/// A message in binary without a version; one that has a version is told apart before it is read. Laws: as for [`binary`].
pub fn old_binary(message: &[u8]) {
    if message.first().is_some_and(|byte| byte & 0x80 == 0) {
        hold(Protocol::OldBinary, message);
    }
}

/// A message in compact. Laws: as for [`binary`].
pub fn compact(message: &[u8]) {
    hold(Protocol::Compact, message);
}

/// A message in JSON. Laws: as for [`binary`].
pub fn json(message: &[u8]) {
    hold(Protocol::Json, message);
}

fn hold(protocol: Protocol, bytes: &[u8]) {
    let end = end_of(protocol, bytes, bytes.len().max(1));
    assert_eq!(end_of(protocol, bytes, 1), end, "byte by byte and whole");
    if skips(protocol, bytes) && bytes.len() <= LIMITS.max_frame_bytes {
        let length = end.expect("a message that is read has an end");
        assert!(skips(protocol, &bytes[..length]), "it ends later than the scanner says");
        assert!(length == 0 || !skips(protocol, &bytes[..length - 1]), "it ends earlier than the scanner says");
    }
    requests(protocol, bytes);
}

/// Where the scanner finds the end of the message; `None` if it refuses it or there is none.
fn end_of(protocol: Protocol, bytes: &[u8], piece: usize) -> Option<usize> {
    let mut scanner = EndOf::message(protocol, LIMITS);
    let ends = (0..bytes.len()).step_by(piece).map(|start| (start + piece).min(bytes.len()));
    for end in ends {
        match scanner.scan(&bytes[..end]) {
            Ok(None) => {}
            Ok(Some(length)) => return Some(length),
            Err(_) => return None,
        }
    }
    None
}

/// Whether a whole message is there, whatever it says.
fn skips(protocol: Protocol, bytes: &[u8]) -> bool {
    let mut reader = protocol.reader(bytes, &LIMITS, None);
    let mut read = || {
        reader.read_message_begin()?;
        reader.skip(TType::Struct)?;
        reader.read_message_end()
    };
    read().is_ok()
}

fn message(protocol: Protocol, body: Bytes) -> Message {
    Message::new(Format { transport: Transport::Unframed, protocol }, Envelope::Unframed, body)
}

fn request<Q: TSerializable + PartialEq + Debug>(protocol: Protocol, bytes: &Bytes) {
    let Ok(request) = decode::<Q>(&message(protocol, bytes.clone()), &LIMITS) else { return };
    for other in [Protocol::Binary, Protocol::OldBinary, Protocol::Compact, Protocol::Json] {
        let format = Format { transport: Transport::Unframed, protocol: other };
        let identifier = TMessageIdentifier::new("fuzzed", TMessageType::Call, 7);
        let written = encode(format, &identifier, |writer| write_single(writer, ("request", 1), &request))
            .expect("what was read can be written");

        let again = decode::<Q>(&message(other, written.into()), &LIMITS);

        assert_eq!(again.as_ref(), Ok(&request), "{protocol:?} through {other:?}");
    }
}

/// Calls `request` with each struct.
macro_rules! each {
    ($protocol:ident, $bytes:ident: $($module:ident { $($name:ident)* })*) => {
        const COUNT: usize = [$($(stringify!($name),)*)*].len();
        assert_eq!(COUNT, services::METHODS.len(), "each method has a request");
        $($(request::<$module::$name>($protocol, &$bytes);)*)*
    };
}

fn requests(protocol: Protocol, bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    each! { protocol, bytes:
        datasets {
            CreateDatasetRequest AppendRowsRequest CommitDatasetRequest DescribeDatasetRequest ListDatasetsRequest
            DeleteDatasetRequest
        }
        health { HelloRequest StatusRequest DescribeRequest EchoRequest }
        inference { PredictRequest PredictManyRequest ExplainRequest }
        models {
            ListModelsRequest DescribeModelRequest GetTrainingResultRequest ExportModelRequest LoadModelRequest
            UnloadModelRequest SetAliasRequest DeleteVersionRequest
        }
        search { SearchRequest GetSearchResultRequest }
        training {
            TrainRequest GetJobRequest WatchJobRequest ListJobsRequest CancelJobRequest EvaluateRequest
            PermutationImportanceRequest PartialFitRequest GetLearnerRequest DeleteLearnerRequest
        }
    }
}
