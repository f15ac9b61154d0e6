//! Two instances behave as one, and Redis may come and go.

use super::support::{ANN, BOB, SOON, Sio, World};
use serde_json::json;
use shared_testkit::{FaultProxy, eventually};

const BY_BOB: (i64, &str) = (BOB, "bob");

#[tokio::test]
async fn whichever_instance_hears_it_every_socket_is_told_once() {
    let world = World::new().await;
    let (one, two) = (world.start().await, world.start().await);
    let mut sockets = [one.subscribed(ANN, "ann").await, two.subscribed(ANN, "ann").await];
    until_joined(&world).await;
    for comment in 50..60 {
        world.happens(&World::comment(BY_BOB, 5, ANN, comment, "hi")).await;
    }
    for socket in &mut sockets {
        // Both instances take from the queue, so the order between comments is not fixed.
        let mut told = Vec::new();
        for _ in 50..60 {
            told.push(
                socket.notification().await["data"]["comment"]["id"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        told.sort();
        assert_eq!(told, (50..60).map(|id| id.to_string()).collect::<Vec<_>>());
    }
}

/// Waits until two instances hear each other.
async fn until_joined(world: &World) {
    until_joined_by(world, 2).await;
}

async fn until_joined_by(world: &World, instances: usize) {
    let redis = world.redis.redis(4);
    eventually(SOON, || async {
        let mut ask = shared_redis::redis::cmd("PUBSUB");
        ask.arg("NUMSUB").arg(redis.key("notifications:socket.io-request#/#"));
        let (_, count): (String, usize) = redis.query(&ask).await.unwrap();
        count == instances
    })
    .await;
}

#[tokio::test]
async fn without_redis_an_instance_serves_its_own_sockets_and_joins_later() {
    let world = World::new().await;
    let proxy = FaultProxy::new(world.redis.url()).await;
    proxy.cut();
    let behind = |url: &str| {
        let mut config = world.config();
        config.redis.url = url.into();
        config
    };
    let one = world.start_with(&behind(proxy.url())).await;
    let mut ann = one.subscribed(ANN, "ann").await;
    world.happens(&World::liked(BY_BOB, 1, ANN)).await;
    assert_eq!(
        ann.notification().await["type"],
        "post_liked",
        "Redis was away from the start"
    );

    proxy.resume();
    let two = world.start().await;
    let mut sockets = [ann, two.subscribed(ANN, "ann").await];
    until_joined(&world).await;
    world.happens(&World::liked(BY_BOB, 2, ANN)).await;
    for socket in &mut sockets {
        // Pushes that waited for Redis may come first.
        while socket.notification().await["data"]["postId"] != "2" {}
    }

    proxy.cut();
    until_joined_by(&world, 1).await;
    proxy.resume();
    until_joined(&world).await;
    world.happens(&World::liked(BY_BOB, 3, ANN)).await;
    for socket in &mut sockets {
        // Pushes that waited for Redis may come first.
        while socket.notification().await["data"]["postId"] != "3" {}
    }
}

#[tokio::test]
async fn closing_ends_the_sockets() {
    let (_world, instance) = World::with_instance().await;
    let mut ann = instance.subscribed(ANN, "ann").await;
    let mut nobody = Sio::open(instance.direct()).await.unwrap();
    assert_eq!(nobody.call("subscribe-post", &json!(1)).await["ok"], true);
    instance.service.close().await;
    ann.disconnected().await;
    nobody.disconnected().await;
}
