//! The server over real sockets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tonnage_demo::{Config, Counters, Server, Stats};

struct Running {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Stats>,
    address: std::net::SocketAddr,
    counters: Arc<Counters>,
}

fn serve(config: Config) -> Running {
    let server = Server::bind(&config).unwrap();
    let (address, counters, stop) = (server.address(), server.counters(), Arc::new(AtomicBool::new(false)));
    let flag = stop.clone();
    Running { stop, thread: thread::spawn(move || server.run(&flag).unwrap()), address, counters }
}

impl Running {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream
    }

    /// Send, send no more, and read to the end.
    fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    fn stop(self) -> Stats {
        self.stop.store(true, Ordering::Release);
        self.thread.join().unwrap()
    }
}

#[test]
fn pipelined_answers_keep_the_order_of_their_requests() {
    let server = serve(Config::default());
    let answer = server.exchange(
        b"GET /delay/30 HTTP/1.1\r\n\r\nGET /status/404 HTTP/1.1\r\n\r\nGET /health HTTP/1.1\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    );
    let statuses: Vec<_> = answer.split("HTTP/1.1 ").skip(1).map(|part| &part[..3]).collect();
    assert_eq!(statuses, ["200", "404", "200"]);
    let stats = server.stop();
    assert_eq!((stats.requests[&200], stats.requests[&404], stats.in_flight), (1, 1, 0));
    // /health is not counted
}

#[test]
fn one_worker_serves_one_request_after_the_other() {
    let server = serve(Config { workers: 1, service_time: 0.02, ..Config::default() });
    let begin = Instant::now();
    let clients: Vec<_> = (0..5).map(|_| server.connect()).collect();
    for mut client in &clients {
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    }
    for mut client in &clients {
        client.read_exact(&mut [0; 64]).unwrap();
    }
    assert!(begin.elapsed() >= Duration::from_millis(100));
    let stats = server.stop();
    assert_eq!(stats.service_time_count, 5);
    assert!((stats.service_time_sum - 0.1).abs() < 1e-9);
}

#[test]
fn a_client_that_leaves_is_counted_as_unanswered() {
    let server = serve(Config::default());
    let mut client = server.connect();
    client.write_all(b"GET /hang HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
    while server.counters.stats().in_flight == 0 {
        thread::yield_now();
    }
    drop(client);
    while server.counters.stats().in_flight == 1 {
        thread::yield_now();
    }
    assert_eq!(server.stop().requests[&0], 1);
}

#[test]
fn many_pipelined_requests_are_answered_though_nobody_reads_meanwhile() {
    let server = serve(Config::default());
    let mut client = server.connect();
    let mut reader = client.try_clone().unwrap();
    let writer = thread::spawn(move || {
        client.write_all(&b"GET /bytes/20000 HTTP/1.1\r\n\r\n".repeat(2_000)).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
    });
    thread::sleep(Duration::from_millis(50));
    let mut answers = Vec::new();
    reader.read_to_end(&mut answers).unwrap();
    writer.join().unwrap();
    assert!(answers.len() > 2_000 * 20_000);
    assert_eq!(server.stop().requests[&200], 2_000);
}

#[test]
fn nonsense_is_refused_after_what_came_before_it() {
    let server = serve(Config::default());
    let answer = server.exchange(b"GET /delay/10 HTTP/1.1\r\n\r\nnonsense\r\n\r\n\r\nmore\r\n\r\n");
    let statuses: Vec<_> = answer.split("HTTP/1.1 ").skip(1).map(|part| &part[..3]).collect();
    assert_eq!(statuses, ["200", "400"]);
}

#[test]
fn stopping_frees_the_port_within_fifty_milliseconds() {
    let server = serve(Config::default());
    let (address, _client) = (server.address, server.connect());
    let begin = Instant::now();
    server.stop();
    assert!(begin.elapsed() < Duration::from_millis(500)); // generous: the machine may be busy
    TcpListener::bind(address).unwrap();
}

#[test]
fn an_impossible_configuration_is_invalid_input() {
    let error = Server::bind(&Config { errors: 2.0, ..Config::default() }).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}
