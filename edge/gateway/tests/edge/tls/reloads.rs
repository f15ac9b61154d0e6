//! Certificates that are replaced while the edge runs.

use super::{World, world};
use crate::support::PATIENCE;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::json;
use shared_testkit::eventually;
use std::{
    fs, io,
    sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
};

/// Whom a client meets that asks for that name.
async fn certificate(world: &World, name: &str) -> io::Result<Vec<u8>> {
    let stream = world.connect(&world.client(), name).await?;
    let chain = stream.get_ref().1.peer_certificates();
    Ok(chain.unwrap()[0].to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_decides_about_the_certificate_and_a_reload_swaps_it_without_a_failed_handshake() {
    let world = world("", "", "").await;
    let certificate = async |name: &str| certificate(&world, name).await;
    let (one, two) = (
        certificate("one.example").await.unwrap(),
        certificate("a.two.example").await.unwrap(),
    );
    assert_ne!(one, two);
    let other = certificate("other.example").await.unwrap_err();
    assert!(other.to_string().contains("not valid for name"), "{other}");

    let (is_over, failed, shaken) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));
    let hands = async {
        while !is_over.load(Relaxed) {
            let shakes = futures::future::join_all((0..4).map(|_| certificate("one.example"))).await;
            failed.fetch_add(shakes.iter().filter(|shake| shake.is_err()).count() as u32, Relaxed);
            shaken.fetch_add(shakes.len() as u32, Relaxed);
        }
    };
    let swap = async {
        let mut before = one;
        for _ in 0..5 {
            // Certificate and key are two files, and in between they do not go together: such a state is not taken.
            let after = world.authority.write(&world.setup.file(""), "one", &["one.example"]);
            eventually(PATIENCE, || async {
                certificate("one.example").await.ok().filter(|now| *now == after)
            })
            .await;
            assert_ne!(before, after);
            before = after;
        }
        is_over.store(true, Relaxed);
    };
    tokio::join!(hands, swap);
    assert_eq!(failed.load(Relaxed), 0, "of {}", shaken.load(Relaxed));
    assert!(shaken.load(Relaxed) > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_until_when_certificates_are_valid() {
    let world = world("", "", "").await;
    let file = world.setup.file("one.pem").display().to_string();
    let metric = format!("edge_tls_certificate_not_after_seconds{{used_by=\"listeners.https\",file=\"{file}\"}}");
    // As `rcgen` makes them.
    let usual = "4096-01-01T00:00:00Z";
    let shown = world.edge.status().await["certificates"][0].take();
    assert_eq!(
        shown,
        json!({ "usedBy": "listeners.https", "file": file, "notAfter": usual })
    );
    let mut params = CertificateParams::new(vec!["one.example".to_owned()]).unwrap();
    params.not_after = date_time_ymd(2099, 12, 31);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &world.authority.0).unwrap();
    fs::write(world.setup.file("one.key"), key.serialize_pem()).unwrap();
    fs::write(&file, certificate.pem()).unwrap();
    eventually(PATIENCE, || async {
        world.edge.metric(&metric).await == 4_102_358_400.0
    })
    .await;
    let shown = world.edge.status().await["certificates"][0]["notAfter"].take();
    assert_eq!(shown, "2099-12-31T00:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_certificate_is_told_and_the_one_before_goes_on() {
    let world = world("", "", "").await;
    let before = certificate(&world, "one.example").await.unwrap();
    let (pem, key) = (world.setup.file("one.pem"), world.setup.file("one.key"));
    let good = (fs::read(&pem).unwrap(), fs::read(&key).unwrap());
    let told = async |outcome: &str| {
        eventually(PATIENCE, || async {
            let last = world.edge.status().await["config"]["lastReload"].take();
            Some(last).filter(|last| last["outcome"] == outcome)
        })
        .await
    };
    for (file, text, code) in [(&pem, "hello", "E211"), (&key, "", "E211")] {
        fs::write(file, text).unwrap();
        let last = told("refused").await;
        assert_eq!(last["errors"][0]["code"], code, "{last}");
        assert_eq!(certificate(&world, "one.example").await.unwrap(), before);
        assert!(world.edge.log().contains("configuration refused: generation 1 goes on"));
        fs::write(&pem, &good.0).unwrap();
        fs::write(&key, &good.1).unwrap();
        told("unchanged").await;
    }
    let (code, printed) = world.edge.types(&["status"]).await;
    assert!(code == 0 && !printed.contains("E211"), "{printed}");
    fs::remove_file(&pem).unwrap();
    assert_eq!(told("refused").await["errors"][0]["code"], "E210");
    assert_eq!(certificate(&world, "one.example").await.unwrap(), before);
}
