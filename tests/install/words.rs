//! Outputs without what is another one in each run. The words that stand for it are as long, so that tables keep their
//! shape.

use std::net::{Ipv4Addr, SocketAddrV4};

const SERVER: &str = "workflow-apiserver-";
const HASH: &str = "6d4cf56db6";
const TIME: &str = "2026-01-01T00:00:00Z";
const UUID: &str = "00000000-0000-0000-0000-000000000000";
const DIGITS: &str = "0123456789abcdef";
const DOOR: &str = "127.0.0.1:6443";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Replaces what changes, the same thing always by the same words.
#[derive(Debug, Default)]
pub(crate) struct Words {
    pods: Vec<String>,
    addresses: Vec<Ipv4Addr>,
}

impl Words {
    /// Returns `text` as it is in every run.
    pub(crate) fn stable(&mut self, text: &str) -> String {
        let text = without_durations(&self.without_pods(text));
        let mut stable = String::new();
        for piece in text.split_inclusive(|c| !is_of_a_word(c)) {
            let word = piece.trim_end_matches(|c| !is_of_a_word(c)).trim_end_matches(['.', ':']);
            stable += &self.word(word).unwrap_or_else(|| word.to_owned());
            stable += &piece[word.len()..];
        }
        stable
    }

    fn word(&mut self, word: &str) -> Option<String> {
        if let Ok(address) = word.parse::<SocketAddrV4>().or_else(|_| format!("{word}:0").parse()) {
            return self.address(address);
        }
        match word {
            _ if word == VERSION => Some("VERSION".to_owned()),
            _ if is_uuid(word) => Some(UUID.to_owned()),
            _ if is_time(word) => Some(TIME.to_owned()),
            _ if is_digest(word) => Some(DIGITS.chars().cycle().take(word.len()).collect()),
            _ => word.strip_suffix(&format!(":{VERSION}")).map(|image| format!("{image}:VERSION")),
        }
    }

    /// Pods have addresses of this machine; the door of the cluster has its usual one and any port.
    fn address(&mut self, address: SocketAddrV4) -> Option<String> {
        let (ip, port) = (*address.ip(), address.port());
        if ip == Ipv4Addr::LOCALHOST {
            return (port != 0).then(|| DOOR.to_owned());
        }
        let number = ip.is_loopback().then(|| number(&mut self.addresses, ip))?;
        let port = if port == 0 { String::new() } else { format!(":{port}") };
        Some(format!("127.100.100.{}{port}", 100 + number))
    }

    /// A pod is called by the hash of what it runs, and by chance.
    fn without_pods(&mut self, text: &str) -> String {
        let mut parts = text.split(SERVER);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |stable, part| {
            stable + SERVER + &self.without_chance(part).unwrap_or_else(|| part.to_owned())
        })
    }

    fn without_chance(&mut self, part: &str) -> Option<String> {
        let (hash, rest) = part.split_at_checked(HASH.len())?;
        hash.chars().all(|c| c.is_ascii_hexdigit()).then_some(())?;
        let chance = rest.strip_prefix('-').and_then(|rest| rest.split_at_checked(5));
        let Some((chance, rest)) = chance.filter(|(chance, _)| is_chance(chance)) else {
            return Some(format!("{HASH}{rest}"));
        };
        let number = number(&mut self.pods, chance.to_owned());
        Some(format!("{HASH}-pod{number:02}{rest}"))
    }
}

fn is_chance(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Returns which of all that were seen it is, from 1.
fn number<T: PartialEq>(seen: &mut Vec<T>, it: T) -> usize {
    let known = seen.iter().position(|other| *other == it);
    known.unwrap_or_else(|| {
        seen.push(it);
        seen.len() - 1
    }) + 1
}

fn without_durations(text: &str) -> String {
    let parts: Vec<_> = text.split(" ms").collect();
    let (last, before) = parts.split_last().map_or(("", &[][..]), |(last, before)| (*last, before));
    let part = |part: &&str| match part.trim_end_matches(|c: char| c.is_ascii_digit()) {
        cut if cut.len() < part.len() => format!("{cut}12 ms"),
        whole => format!("{whole} ms"),
    };
    before.iter().map(part).collect::<String>() + last
}

fn is_of_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".:-_".contains(c)
}

fn is_uuid(word: &str) -> bool {
    word.len() == UUID.len()
        && word.chars().zip(UUID.chars()).all(|(c, model)| match model {
            '-' => c == '-',
            _ => c.is_ascii_hexdigit(),
        })
}

fn is_time(word: &str) -> bool {
    let shape = |text: &str| -> String {
        text.chars().take(19).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
    };
    word.ends_with('Z') && shape(word) == shape(TIME)
}

fn is_digest(word: &str) -> bool {
    word.len() >= DIGITS.len() && word.chars().all(|c| c.is_ascii_hexdigit())
}

/// Returns what a command told, without the lines that say why it still waits: which of them come is chance.
pub(crate) fn lasting(told: &str) -> String {
    let mut waits = false;
    let mut lasting = String::new();
    for line in told.split_inclusive('\n') {
        waits = is_a_reason_to_wait(line) || waits && line.starts_with("    ");
        if !waits {
            lasting += line;
        }
        waits &= !line.ends_with(" …\n");
    }
    lasting
}

/// `The rollout: 0 of 1 servers are ready …`, which may go on in lines that are set in.
fn is_a_reason_to_wait(line: &str) -> bool {
    let titles = [
        "The rollout: ",
        "The caBundle: ",
        "The APIService: ",
        "A request through kube-apiserver: ",
        "The handshakes: ",
        "Deleting ",
        "Stopping the server: ",
        "Taking the API out of kube-apiserver: ",
    ];
    titles.iter().any(|title| line.starts_with(title)) && line.contains(": ")
}

#[test]
fn what_changes_is_replaced_by_as_much() {
    let mut words = Words::default();
    let mut is = |text: &str, stable: &str| assert_eq!(words.stable(text), stable);
    is("at https://127.0.0.1:39001/api.", "at https://127.0.0.1:6443/api.");
    is("dial tcp 127.101.123.200:8443: refused", "dial tcp 127.100.100.101:8443: refused");
    is("127.1.2.3, 127.101.123.200:", "127.100.100.102, 127.100.100.101:");
    is("pod workflow-apiserver-00ff00ff00-x7abc:", "pod workflow-apiserver-6d4cf56db6-pod01:");
    is("ReplicaSet \"workflow-apiserver-00ff00ff00\"", "ReplicaSet \"workflow-apiserver-6d4cf56db6\"");
    is("workflow-apiserver-data", "workflow-apiserver-data");
    is("it serves 00112233445566778, and", "it serves 0123456789abcdef0, and");
    is("since 2031-12-24T18:00:00.123Z", "since 2026-01-01T00:00:00Z");
    is("uid: 6a1e7bc9-7f3b-4f2e-8f55-2f6f0a3d9f10", "uid: 00000000-0000-0000-0000-000000000000");
    is("in 1234 ms, 5 ms", "in 12 ms, 12 ms");
    is(&format!("wfctl:{VERSION} {VERSION}"), "wfctl:VERSION VERSION");
    is("…: 10.0.0.1 and a -- b", "…: 10.0.0.1 and a -- b");
}

#[test]
fn reasons_to_wait_are_left_out_to_their_last_line() {
    let told =
        "Waiting …\nThe rollout: it crashed:\n    one\n    two …\n✓ Done\nThe rollout: a …\nerror: b\n";
    assert_eq!(lasting(told), "Waiting …\n✓ Done\nerror: b\n");
}
