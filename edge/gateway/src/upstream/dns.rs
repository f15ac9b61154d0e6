//! Look-ups: what `/etc/hosts` and name servers say of a name. An answer without a single usable instance is no answer.

use super::TargetSpec;
use edge_config::Records;
use futures::{StreamExt, stream};
use hickory_resolver::{
    Hosts, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    lookup::Lookup,
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::Query,
        rr::{Name, RData, Record, RecordType, rdata::SRV},
    },
};
use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::time::timeout;

/// How long one question may wait for its answer; it is asked twice.
const QUESTION: Duration = Duration::from_secs(2);
/// How long a look-up may take with all its questions.
const LOOK_UP: Duration = Duration::from_secs(10);
/// Hosts of services that are asked for at once.
const AT_ONCE: usize = 16;
/// Largest weight: records may say 65,535, and turns take memory by their weights.
const MOST_WEIGHT: u32 = 100;

/// An instance that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where to connect.
    pub(crate) address: SocketAddr,
    /// Its share of the traffic.
    pub(crate) weight: u32,
}

/// What a name stands for.
pub(super) struct Answer {
    /// At least one instance.
    pub(super) found: Vec<Found>,
    /// How long it holds, by its records.
    pub(super) holds: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum DnsError {
    /// It cannot be asked for.
    #[error("`{0}` is not a name that DNS can hold")]
    Name(String),
    /// Name servers fail.
    #[error(transparent)]
    Net(#[from] NetError),
    /// They were too slow.
    #[error("no answer after {LOOK_UP:?}")]
    TimedOut,
    /// It tells of no instance that could be connected to.
    #[error("the answer has no usable instance")]
    Empty,
}

type Addresses = (Vec<IpAddr>, Duration);

/// Looks one target's name up, again and again.
pub(super) struct Names<'s> {
    spec: &'s TargetSpec,
    servers: &'s [SocketAddr],
    /// The last addresses of the hosts that services were found on.
    hosts: HashMap<Name, Vec<IpAddr>>,
}

impl<'s> Names<'s> {
    /// By these name servers, or by the system's if there are none.
    pub(super) fn new(spec: &'s TargetSpec, servers: &'s [SocketAddr]) -> Self {
        Self {
            spec,
            servers,
            hosts: HashMap::new(),
        }
    }

    /// What its name stands for now.
    ///
    /// # Errors
    /// Nothing is known; whatever was known before may still be true.
    pub(super) async fn look_up(&mut self) -> Result<Answer, DnsError> {
        let asked = self.ask();
        timeout(LOOK_UP, asked).await.unwrap_or(Err(DnsError::TimedOut))
    }

    async fn ask(&mut self) -> Result<Answer, DnsError> {
        let servers = Servers::new(self.servers)?;
        let address = &*self.spec.address;
        if self.spec.records == Records::Srv {
            return self.services(&servers, &name(address)?).await;
        }
        let parts = address.rsplit_once(':');
        let parts = parts.and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = parts.ok_or_else(|| DnsError::Name(address.to_owned()))?;
        let (ips, holds) = servers.addresses(&name(host)?, self.spec.records).await?;
        let weight = self.spec.weight;
        let found = ips.into_iter().map(|ip| Found {
            address: SocketAddr::new(ip, port),
            weight,
        });
        Ok(Answer {
            found: found.collect(),
            holds,
        })
    }

    async fn services(&mut self, servers: &Servers, name: &Name) -> Result<Answer, DnsError> {
        let lookup = servers.resolver.lookup(name.clone(), RecordType::SRV).await?;
        let records = first_of_all(&lookup);
        let hosts: BTreeSet<Name> = records.iter().map(|record| record.target.clone()).collect();
        let asked = stream::iter(hosts).map(|host| async {
            let addresses = servers.host(&lookup, &host).await;
            (host, addresses)
        });
        let asked: Vec<_> = asked.buffer_unordered(AT_ONCE).collect().await;
        let mut holds = least_ttl(lookup.answers());
        let mut known = HashMap::new();
        for (host, addresses) in asked {
            match addresses {
                Ok((ips, host_holds)) => {
                    holds = holds.min(host_holds);
                    known.insert(host, ips);
                }
                // The service is still there: one host that is not found for a moment takes nothing away.
                Err(error) => {
                    tracing::debug!(%host, %error, "a service's host is not found");
                    known.extend(self.hosts.remove_entry(&host));
                }
            }
        }
        let most = records.iter().map(|record| record.weight).max().unwrap_or(0);
        let found = records.iter().flat_map(|record| {
            let ips = known.get(&record.target).into_iter().flatten();
            ips.map(move |ip| Found {
                address: SocketAddr::new(*ip, record.port),
                weight: weight(record.weight, most),
            })
        });
        let found: Vec<Found> = found.collect();
        self.hosts = known;
        if found.is_empty() {
            return Err(DnsError::Empty);
        }
        Ok(Answer { found, holds })
    }
}

/// Where names are looked up. Made anew for each look-up: containers' files change while the edge runs.
struct Servers {
    resolver: TokioResolver,
    hosts: Hosts,
}

impl Servers {
    fn new(servers: &[SocketAddr]) -> Result<Self, NetError> {
        let own = |config| TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let mut builder = if servers.is_empty() {
            // A system that names none has one of its own, as for its C library.
            let local =
                || ResolverConfig::from_parts(None, Vec::new(), vec![server(&(Ipv4Addr::LOCALHOST, 53).into())]);
            TokioResolver::builder_tokio().unwrap_or_else(|_| own(local()))
        } else {
            own(ResolverConfig::from_name_servers(servers.iter().map(server).collect()))
        };
        let options = builder.options_mut();
        options.timeout = options.timeout.min(QUESTION);
        options.cache_size = 0;
        // The resolver looks there for the first name of a search list alone; see `addresses`.
        options.use_hosts_file = ResolveHosts::Never;
        Ok(Self {
            resolver: builder.build()?,
            hosts: match servers.is_empty() {
                true => Hosts::from_system().unwrap_or_default(),
                false => Hosts::default(),
            },
        })
    }

    /// The addresses of a host.
    async fn addresses(&self, host: &Name, records: Records) -> Result<Addresses, DnsError> {
        let kinds: &[RecordType] = match records {
            Records::A => &[RecordType::A],
            Records::Aaaa => &[RecordType::AAAA],
            // An instance with an IPv4 and an IPv6 address is one instance: IPv4 is taken where there is any.
            Records::Address | Records::Srv => &[RecordType::A, RecordType::AAAA],
        };
        let by_file = |kind: &RecordType| self.hosts.lookup_static_host(&Query::query(host.clone(), *kind));
        if let Some(lookup) = kinds.iter().find_map(by_file) {
            return usable(lookup.answers());
        }
        for kind in kinds {
            // Only where a server says that there is none of a kind, the next is asked for: one that fails for IPv4 must not
            // move all traffic to IPv6.
            match self.resolver.lookup(host.clone(), *kind).await {
                Ok(lookup) => return usable(lookup.answers()),
                Err(error) if error.is_no_records_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(DnsError::Empty)
    }

    /// The addresses of a service's host: those that came with the answer, or looked up.
    async fn host(&self, service: &Lookup, host: &Name) -> Result<Addresses, DnsError> {
        let came = service.additionals().iter().filter(|record| record.name == *host);
        let came: Vec<Record> = came.cloned().collect();
        match usable(&came) {
            Ok(addresses) => Ok(addresses),
            Err(_) => self.addresses(host, Records::Address).await,
        }
    }
}

fn name(text: &str) -> Result<Name, DnsError> {
    Name::from_str_relaxed(text).map_err(|_| DnsError::Name(text.to_owned()))
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}

/// The addresses among these records that can be connected to, of one family.
fn usable(records: &[Record]) -> Result<Addresses, DnsError> {
    let mut ips: Vec<IpAddr> = records.iter().filter_map(|record| record.data.ip_addr()).collect();
    ips.retain(|ip| !ip.is_unspecified() && !ip.is_multicast() && *ip != IpAddr::V4(Ipv4Addr::BROADCAST));
    if ips.iter().any(IpAddr::is_ipv4) {
        ips.retain(IpAddr::is_ipv4);
    }
    // Servers rotate their answers; the order of turns stays.
    ips.sort_unstable();
    ips.dedup();
    match ips.is_empty() {
        true => Err(DnsError::Empty),
        false => Ok((ips, least_ttl(records))),
    }
}

/// The services of the first priority, in an order that stays.
fn first_of_all(lookup: &Lookup) -> Vec<&SRV> {
    let records = lookup.answers().iter().filter_map(|record| match &record.data {
        // A root for a host says that there is no such service.
        RData::SRV(service) if service.port != 0 && !service.target.is_root() => Some(service),
        _ => None,
    });
    let mut records: Vec<&SRV> = records.collect();
    let first = records.iter().map(|record| record.priority).min();
    records.retain(|record| Some(record.priority) == first);
    records.sort_unstable_by(|a, b| (&a.target, a.port).cmp(&(&b.target, b.port)));
    records
}

/// A record's weight as a target's: as it is where all are small, else in proportion. 0 means very little (RFC 2782).
fn weight(weight: u16, most: u16) -> u32 {
    let (weight, most) = (u32::from(weight), u32::from(most));
    let scaled = match most {
        0..=MOST_WEIGHT => weight,
        _ => (weight * MOST_WEIGHT + most / 2) / most,
    };
    scaled.max(1)
}

fn least_ttl(records: &[Record]) -> Duration {
    let least = records.iter().map(|record| record.ttl).min();
    Duration::from_secs(least.unwrap_or(0).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_stay_in_proportion() {
        for (of, most, want) in [
            (3, 10, 3),
            (0, 10, 1),
            (0, 0, 1),
            (65_535, 65_535, 100),
            (32_768, 65_535, 50),
            (1, 65_535, 1),
        ] {
            assert_eq!(weight(of, most), want, "{of} of {most}");
        }
    }

    #[test]
    fn what_nobody_can_connect_to_is_no_instance() {
        let record = |ip: &str| Record::from_rdata(Name::root(), 7, RData::from(ip.parse::<IpAddr>().unwrap()));
        let records = ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::"].map(record);
        assert!(matches!(usable(&records), Err(DnsError::Empty)));
        let records = ["10.0.0.2", "::1", "10.0.0.1", "10.0.0.2"].map(record);
        let (ips, holds) = usable(&records).unwrap();
        let want = ["10.0.0.1", "10.0.0.2"].map(|ip| ip.parse::<IpAddr>().unwrap());
        assert_eq!((ips, holds), (want.to_vec(), Duration::from_secs(7)));
    }

    #[tokio::test]
    async fn a_name_of_the_file_is_asked_of_nobody() {
        // Nobody answers there.
        let mut servers = Servers::new(&["127.0.0.1:1".parse().unwrap()]).unwrap();
        let file = "10.1.2.3 posts posts.internal\nfd00::7 posts\nfd00::8 six\n";
        servers.hosts.read_hosts_conf(file.as_bytes()).unwrap();
        for (host, records, want) in [
            ("posts", Records::Address, "10.1.2.3"),
            ("posts", Records::Aaaa, "fd00::7"),
            ("posts.internal", Records::A, "10.1.2.3"),
            ("six", Records::Address, "fd00::8"),
        ] {
            let (ips, _) = servers.addresses(&name(host).unwrap(), records).await.unwrap();
            assert_eq!(ips, [want.parse::<IpAddr>().unwrap()], "{host}");
        }
    }
}
