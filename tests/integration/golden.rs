//! What the Apache libraries of Python, Java and Go write, byte for byte: each call is answered as the library's own server
//! would answer it. `tests/fixtures/golden/README.md` says what the lines of the files are.

use crate::harness::TestServer;
use serde_json::Value;
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

type Outcome<T> = Result<T, String>;

#[test]
fn every_call_of_pythons_library_is_answered_as_that_library_answers() {
    hold("python", &[]);
}

#[test]
fn every_call_of_javas_library_is_answered_as_that_library_answers() {
    hold("java", &[]);
}

/// Go's library sends a oneway method as a call, and by the IDL `hello` is one that is answered.
#[test]
fn every_call_of_gos_library_is_answered_as_that_library_answers() {
    hold("go", &["hello-oneway"]);
}

/// One line of a file.
struct Line {
    call: bool,
    transport: String,
    protocol: String,
    case: String,
    bytes: Vec<u8>,
}

/// `answered` are the oneway messages of the library that are no such thing on the wire.
fn hold(language: &str, answered: &[&str]) {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let (calls, replies): (Vec<Line>, Vec<Line>) = lines(language).into_iter().partition(|line| line.call);
    let replies: HashMap<_, _> =
        replies.iter().map(|reply| ((&*reply.transport, &*reply.protocol, &*reply.case), reply)).collect();

    let mut faults = vec![];
    for call in &calls {
        let silent = call.case.ends_with("-oneway") && !answered.contains(&&*call.case);
        let expected = replies[&(reply_transport(&call.transport), &*call.protocol, reply_case(&call.case))];
        let reply = server.exchange(&call.bytes);
        if let Err(why) = compare(call, &reply, (!silent).then_some(expected)) {
            faults.push(format!("{} {} {}: {why}", call.transport, call.protocol, call.case));
        }
    }

    assert!(calls.len() > 50, "{} calls are too few to be all", calls.len());
    assert!(faults.is_empty(), "{} of {} calls:\n{}", faults.len(), calls.len(), faults.join("\n"));
}

fn lines(language: &str) -> Vec<Line> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden");
    let text = std::fs::read_to_string(folder.join(format!("{language}.txt"))).unwrap();
    text.lines().map(line).collect()
}

fn line(text: &str) -> Line {
    let words: Vec<&str> = text.split(' ').collect();
    let [direction, transport, protocol, case, hex] = words[..] else { panic!("{text:?} is not a line of five words") };
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    Line {
        call: direction == "call",
        transport: transport.into(),
        protocol: protocol.into(),
        case: case.into(),
        bytes: (0..hex.len()).step_by(2).map(byte).collect(),
    }
}

/// The transport of the line that says how a call is answered: an HTTP body is unframed, and keys are not sent back.
fn reply_transport(transport: &str) -> &str {
    match transport {
        "http" => "unframed",
        other => other.trim_end_matches("-keys"),
    }
}

fn reply_case(case: &str) -> &str {
    case.split('-').next().unwrap_or_default()
}

/// Compares a reply with the library's; `None` is no reply at all.
fn compare(call: &Line, reply: &[u8], expected: Option<&Line>) -> Outcome<()> {
    let reply = if call.transport == "http" { http_body(reply)? } else { reply };
    let Some(expected) = expected else {
        return if reply.is_empty() { Ok(()) } else { Err(format!("oneway was answered by {}", shown(reply))) };
    };
    let ((head, message), (expected_head, expected_message)) =
        (opened(&expected.transport, reply)?, opened(&expected.transport, &expected.bytes)?);
    if head != expected_head {
        return Err(format!("the head of the frame is {head:?}, expected {expected_head:?}"));
    }
    let same = match (&*call.protocol, &*expected.case) {
        ("json", case) => json(&message, case)? == json(&expected_message, case)?,
        // Behind the fields that no clock moves stand, in the library's reply, only the ends of two structs.
        (_, "hello") => message.starts_with(&expected_message[..expected_message.len() - 2]),
        _ => message == expected_message,
    };
    if same { Ok(()) } else { Err(format!("answered {}, expected {}", shown(&message), shown(&expected_message))) }
}

/// The body of a response with status 200 that says its length.
fn http_body(response: &[u8]) -> Outcome<&[u8]> {
    let end = response.windows(4).position(|bytes| bytes == b"\r\n\r\n").ok_or("no HTTP response came")?;
    let (head, body) = (String::from_utf8_lossy(&response[..end]).to_ascii_lowercase(), &response[end + 4..]);
    let length = format!("content-length: {}", body.len());
    let fields: Vec<&str> = head.split("\r\n").collect();
    if !fields[0].starts_with("http/1.1 200 ") || !fields.contains(&&*length) {
        return Err(format!("the response is {head:?} with {} bytes", body.len()));
    }
    if !body.is_empty() && !fields.contains(&"content-type: application/x-thrift") {
        return Err(format!("the content type is not that of the call in {head:?}"));
    }
    Ok(body)
}

/// What a THeader says of its message: flags, number, protocol and transforms. Empty in other transports.
type Head = Vec<u64>;

/// The message in a transport, and what the transport says of it.
fn opened(transport: &str, bytes: &[u8]) -> Outcome<(Head, Vec<u8>)> {
    match transport {
        "unframed" => Ok((vec![], bytes.to_vec())),
        "framed" => Ok((vec![], frame(bytes)?.to_vec())),
        _ => theader(frame(bytes)?),
    }
}

fn frame(bytes: &[u8]) -> Outcome<&[u8]> {
    let (length, body) = bytes.split_first_chunk().ok_or_else(|| format!("no frame came, but {}", shown(bytes)))?;
    let length = u32::from_be_bytes(*length) as usize;
    if length == body.len() { Ok(body) } else { Err(format!("a frame of {length} bytes has {}", body.len())) }
}

/// Lengths in these headers are below 128, so that each varint is one byte.
fn theader(frame: &[u8]) -> Outcome<(Head, Vec<u8>)> {
    let short = || format!("{} is no THeader", shown(frame));
    let (fixed, rest) =
        frame.split_first_chunk::<10>().filter(|(fixed, _)| fixed[..2] == [0x0f, 0xff]).ok_or_else(short)?;
    let words = usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
    let (header, payload) = rest.split_at_checked(words * 4).ok_or_else(short)?;
    let transforms = header.get(2..2 + usize::from(*header.get(1).ok_or_else(short)?)).ok_or_else(short)?;
    let head = [&fixed[2..8], &header[..1], transforms].concat().into_iter().map(u64::from).collect();
    let message = match transforms {
        [] => payload.to_vec(),
        _ => inflated(payload)?,
    };
    Ok((head, message))
}

fn inflated(payload: &[u8]) -> Outcome<Vec<u8>> {
    let mut message = vec![];
    flate2::read::ZlibDecoder::new(payload).read_to_end(&mut message).map_err(|error| error.to_string())?;
    Ok(message)
}

/// A message in JSON as values: libraries differ in what they escape and in whether they pad base64. Of `hello` only the
/// fields stay that no clock moves.
fn json(message: &[u8], case: &str) -> Outcome<Value> {
    let mut value: Value = serde_json::from_slice(message).map_err(|error| format!("{error}: {}", shown(message)))?;
    if let Some(payload) = value.pointer_mut("/4/0/rec/1/str").filter(|_| case == "echo") {
        *payload = payload.as_str().unwrap_or_default().trim_end_matches('=').into();
    }
    if let Some(fields) = value.pointer_mut("/4/0/rec").and_then(Value::as_object_mut).filter(|_| case == "hello") {
        fields.retain(|id, _| ["1", "2"].contains(&&**id));
    }
    Ok(value)
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
