//! A name server of one zone that goes wrong on demand. It speaks DNS over UDP.

use hickory_proto::{
    op::{Message, OpCode, ResponseCode},
    rr::{
        Name, RData, Record,
        rdata::{A, SRV},
    },
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
};
use tokio::{net::UdpSocket, task::JoinHandle};

/// How it answers.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    /// These records; what is not among them does not exist.
    Zone(Vec<Record>),
    /// This code, and nothing else.
    Code(ResponseCode),
    /// Not at all.
    Nothing,
    /// Bytes that are no message.
    Garbage,
    /// An answer to another question.
    Stranger,
}

/// It ends with the test.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    says: Mutex<Says>,
    asked: AtomicU32,
}

impl NameServer {
    pub(crate) async fn start(zone: Vec<Record>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let shared = Arc::new(Shared {
            says: Mutex::new(Says::Zone(zone)),
            asked: AtomicU32::new(0),
        });
        let task = tokio::spawn(serve(socket, Arc::clone(&shared)));
        Self { address, shared, task }
    }

    pub(crate) fn says(&self, says: Says) {
        *self.shared.says.lock().unwrap() = says;
    }

    /// Questions that it was asked.
    pub(crate) fn asked(&self) -> u32 {
        self.shared.asked.load(SeqCst)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket, shared: Arc<Shared>) {
    let mut read = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut read).await {
        shared.asked.fetch_add(1, SeqCst);
        let question = Message::from_vec(&read[..length]).unwrap();
        let says = shared.says.lock().unwrap().clone();
        if let Some(answer) = answer(&question, says) {
            socket.send_to(&answer, from).await.unwrap();
        }
    }
}

fn answer(question: &Message, says: Says) -> Option<Vec<u8>> {
    let query = question.queries[0].clone();
    let mut message = Message::response(question.metadata.id, OpCode::Query);
    message.add_query(query.clone());
    match says {
        Says::Zone(zone) => {
            let mut of_name = zone.iter().filter(|record| record.name == *query.name()).peekable();
            if of_name.peek().is_none() {
                message.metadata.response_code = ResponseCode::NXDomain;
            }
            message.add_answers(
                of_name
                    .filter(|record| record.record_type() == query.query_type())
                    .cloned(),
            );
        }
        Says::Code(code) => message.metadata.response_code = code,
        Says::Nothing => return None,
        Says::Garbage => return Some(vec![0xff; 40]),
        Says::Stranger => {
            message.metadata.id = !question.metadata.id;
            message.add_answer(address_of(&query.name().to_utf8(), [127, 0, 0, 9], 0));
        }
    }
    Some(message.to_vec().unwrap())
}

/// A record of an address.
pub(crate) fn address_of(name: &str, ip: [u8; 4], ttl: u32) -> Record {
    let ip = Ipv4Addr::from(ip);
    Record::from_rdata(Name::from_utf8(name).unwrap(), ttl, RData::A(A(ip)))
}

/// A record of a service.
pub(crate) fn service(name: &str, (priority, weight, port): (u16, u16, u16), host: &str, ttl: u32) -> Record {
    let service = SRV::new(priority, weight, port, Name::from_utf8(host).unwrap());
    Record::from_rdata(Name::from_utf8(name).unwrap(), ttl, RData::SRV(service))
}
