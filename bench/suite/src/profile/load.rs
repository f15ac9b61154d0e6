//! Closed-loop clients that keep the edge busy; every answer is checked.

use crate::instructions::{client::Client, edge::Road};
use shared_stack::{Error, Result};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

/// Connections.
const CLIENTS: u8 = 16;
/// Addresses of each: the flood guard allows one no more than 2,000 requests a second.
const ADDRESSES: u8 = 16;

/// Clients at work.
pub(super) struct Load {
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Result<()>>>,
}

impl Load {
    /// Warms the edge up, then keeps it busy until [`Load::end`].
    ///
    /// # Errors
    /// Nobody listens, or the answers are wrong.
    pub(super) fn begin(road: &Road, address: SocketAddr) -> Result<Self> {
        road.warm_up(&mut Client::connect(address)?)?;
        let over = Arc::new(AtomicBool::new(false));
        let clients = (0..CLIENTS).map(|number| {
            let over = Arc::clone(&over);
            let roads: Vec<Road> = (0..ADDRESSES)
                .map(|host| road.of_address(IpAddr::from([10, 0, number, host])))
                .collect();
            thread::spawn(move || work(&roads, address, &over))
        });
        Ok(Self {
            clients: clients.collect(),
            over,
        })
    }

    /// Ends it.
    ///
    /// # Errors
    /// An answer was wrong.
    pub(super) fn end(self) -> Result<()> {
        self.over.store(true, Relaxed);
        for client in self.clients {
            client.join().map_err(|_| Error::new("a client broke"))??;
        }
        Ok(())
    }
}

fn work(roads: &[Road], address: SocketAddr, over: &AtomicBool) -> Result<()> {
    let mut client = Client::connect(address)?;
    for road in roads.iter().cycle() {
        if over.load(Relaxed) {
            break;
        }
        road.ask(&mut client)?;
    }
    Ok(())
}
