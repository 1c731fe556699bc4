//! Loads of a server of a few lines.

use super::*;
use crate::client::{Options, PoolLimits, Protocol, Transport};
use crate::error::Code;
use ndarray::Array2;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SECOND: Duration = Duration::from_secs(1);

async fn client(options: Options) -> (TcpListener, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let client = Client::connect(address, options).await.unwrap();
    drop(listener.accept().await.unwrap());
    (listener, client)
}

fn framed() -> Options {
    Options { transport: Transport::Framed, protocol: Protocol::Binary, ..Options::default() }
}

async fn prepared(client: &Client, in_flight: usize) -> Result<Prepared> {
    let batches = [Features::Matrix(Array2::zeros((1, 2)))];
    client.prepare(&Calls { model: "m", batches: &batches, in_flight, deadline: SECOND }).await
}

fn load(pace: Pace) -> Load {
    Load { connections: 1, pace, warm_up: Duration::ZERO, duration: 3600 * SECOND }
}

/// Reads a call and answers its number.
async fn call(stream: &mut TcpStream) -> i32 {
    let mut call = vec![0; stream.read_u32().await.unwrap() as usize];
    stream.read_exact(&mut call).await.unwrap();
    let at = call.windows(7).position(|it| it == b"predict").unwrap() + 7;
    i32::from_be_bytes(call[at..at + 4].try_into().unwrap())
}

/// An empty answer (field 0) or error (field 1).
async fn answer(stream: &mut TcpStream, seqid: i32, field: u8) {
    let head = b"\x80\x01\x00\x02\x00\x00\x00\x07predict";
    let reply = [&head[..], &seqid.to_be_bytes(), &[0x0c, 0, field, 0, 0]].concat();
    stream.write_u32(u32::try_from(reply.len()).unwrap()).await.unwrap();
    stream.write_all(&reply).await.unwrap();
}

async fn until(run: &Run, reached: impl Fn(&Report) -> bool) -> Report {
    loop {
        let report = run.report();
        if reached(&report) {
            return report;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_place_has_one_call_in_flight_and_replies_may_overtake_each_other() {
    let (listener, client) = client(framed()).await;
    let mut run = client.start_load(&prepared(&client, 3).await.unwrap(), &load(Pace::Closed)).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();

    let mut first = [call(&mut stream).await, call(&mut stream).await, call(&mut stream).await];
    answer(&mut stream, 1, 0).await;
    let next = call(&mut stream).await;
    run.stop().await;

    first.sort_unstable();
    assert_eq!((first, next), ([0, 1, 2], 1));
    assert_eq!((run.report().answered, run.report().unsent), (1, 0));
}

#[tokio::test]
async fn an_error_is_counted_and_the_load_goes_on() {
    let (listener, client) = client(framed()).await;
    let run = client.start_load(&prepared(&client, 1).await.unwrap(), &load(Pace::Closed)).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();

    for field in [1, 7, 0] {
        let seqid = call(&mut stream).await;
        answer(&mut stream, seqid, field).await;
    }

    let report = until(&run, |report| report.calls == 3).await;
    assert_eq!(
        (report.answered, report.errors.get(&Code::Internal)),
        (1, Some(&2)),
        "no code, and no reply: {report:?}"
    );
}

#[tokio::test]
async fn a_lost_connection_is_opened_again_and_its_calls_are_errors() {
    let (listener, client) = client(framed()).await;
    let run = client.start_load(&prepared(&client, 2).await.unwrap(), &load(Pace::Closed)).await.unwrap();
    let (mut first, _) = listener.accept().await.unwrap();
    call(&mut first).await;
    call(&mut first).await;

    drop(first);
    let (mut second, _) = listener.accept().await.unwrap();
    let seqid = call(&mut second).await;
    answer(&mut second, seqid, 0).await;

    let report = until(&run, |report| report.answered == 1).await;
    assert_eq!((report.errors.get(&Code::Unavailable), report.reconnects), (Some(&2), 1));
}

#[tokio::test]
async fn a_reply_to_no_call_ends_the_connection() {
    let (listener, client) = client(framed()).await;
    let run = client.start_load(&prepared(&client, 2).await.unwrap(), &load(Pace::Closed)).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    call(&mut stream).await;

    answer(&mut stream, 9, 0).await;

    let report = until(&run, |report| report.reconnects == 1).await;
    assert_eq!(report.errors.get(&Code::Internal), Some(&2), "{report:?}");
}

#[tokio::test]
async fn a_call_without_a_reply_is_given_up_in_time() {
    let timeout = Duration::from_millis(20);
    let (listener, client) = client(Options { call_timeout: timeout, ..framed() }).await;
    let batches = [Features::Matrix(Array2::zeros((1, 2)))];
    let calls = Calls { model: "m", batches: &batches, in_flight: 1, deadline: timeout };
    let run = client.start_load(&client.prepare(&calls).await.unwrap(), &load(Pace::Closed)).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    call(&mut stream).await;

    let report = until(&run, |report| report.calls > 0).await;

    assert!(report.errors.contains_key(&Code::DeadlineExceeded), "{report:?}");
    assert!(report.failed_ms.unwrap().min >= 20.0, "{report:?}");
}

#[tokio::test]
async fn calls_of_an_open_loop_that_wait_for_a_place_count_from_when_they_were_due() {
    let (listener, client) = client(framed()).await;
    let pace = Pace::Open { calls_per_second: 1000.0 };
    let mut run = client.start_load(&prepared(&client, 1).await.unwrap(), &load(pace)).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();

    let stall = Instant::now();
    call(&mut stream).await;
    while stall.elapsed() < Duration::from_millis(50) {
        tokio::task::yield_now().await; // The second call becomes due in the meantime.
    }
    for seqid in [0, 0, 0] {
        answer(&mut stream, seqid, 0).await;
        call(&mut stream).await;
    }

    let report = until(&run, |report| report.answered == 3).await;
    run.stop().await;
    let late = report.times.quantile(0.01);
    assert!(late >= Duration::from_millis(40), "even the fastest call was late: {report:?}");
    assert!(report.waited_ms.unwrap().max >= 40.0, "{report:?}");
    assert!(run.report().unsent > 20, "those that were due and found no place");
}

#[tokio::test]
async fn what_cannot_be_asked_of_a_load_is_refused() {
    let http = Options { transport: Transport::Http, pool: PoolLimits::default(), ..framed() };
    let (_listener, client) = client(http).await;

    assert!(prepared(&client, 2).await.unwrap_err().to_string().contains("take 1"));
    let one = prepared(&client, 1).await.unwrap();
    for calls_per_second in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = client.start_load(&one, &load(Pace::Open { calls_per_second })).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}
