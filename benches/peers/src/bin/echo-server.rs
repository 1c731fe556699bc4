//! Sends frames back as they came: `echo-server HOST:PORT`. What tokio alone costs, on two threads.
//!
//! A frame is a length of four bytes, highest first, and that many bytes. What one read brought is answered by one write.

use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A longer frame ends its connection.
const MAX_FRAME: usize = 64 << 20;

fn main() -> io::Result<()> {
    let address = modelwire_peers::address()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(echo(stream));
        }
    })
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut input, mut length) = (vec![0; 64 << 10], 0);
    loop {
        match stream.read(&mut input[length..]).await? {
            0 => return Ok(()),
            read => length += read,
        }
        let whole = whole_frames(&input[..length])?;
        if whole > 0 {
            stream.write_all(&input[..whole]).await?;
            input.copy_within(whole..length, 0);
            length -= whole;
        }
        if length == input.len() {
            input.resize(2 * length, 0);
        }
    }
}

/// Bytes of the frames at the start of `input` that are all there.
fn whole_frames(input: &[u8]) -> io::Result<usize> {
    let mut whole = 0;
    while let Some(length) = input[whole..].first_chunk().map(|length| u32::from_be_bytes(*length) as usize) {
        if length > MAX_FRAME {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if input.len() - whole < 4 + length {
            break;
        }
        whole += 4 + length;
    }
    Ok(whole)
}
