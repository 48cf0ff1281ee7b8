//! The door to the network: takes connections, gives each a time to say what it wants, and ends in order.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use futures::FutureExt as _;
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Connections at the same time; further ones wait in the kernel's queue.
const CONNECTIONS: usize = 2048;
/// Pause after a refused accept (no file descriptor left), so that the loop does not spin.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until the token is cancelled, then waits until those that are at work have been answered.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIME);
    let builder = Arc::new(builder);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = shutdown.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "eine Verbindung ließ sich nicht annehmen");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Answers are small and wanted at once.
        stream.set_nodelay(true).ok();
        let router = router.clone();
        let service = service_fn(move |request| answer(router.clone(), peer, request));
        let (builder, watcher) = (builder.clone(), graceful.watcher());
        tokio::spawn(async move {
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection.into_owned()).await {
                tracing::debug!(%peer, %error, "a connection ended with an error");
            }
            drop(place);
        });
    }
    graceful.shutdown().await;
}

fn answer(
    router: Router,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> impl Future<Output = Result<axum::response::Response, Infallible>> + Send {
    request.extensions_mut().insert(ConnectInfo(peer));
    router.oneshot(request.map(Body::new)).map(|answer| answer)
}
