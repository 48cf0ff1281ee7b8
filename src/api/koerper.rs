//! The body of a request beside the request itself: what of it was read, and what becomes of the rest. What is left unread
//! still stands on the connection before the next request, so it is read away if it is small; else the answer says that
//! the connection ends here.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{Version, header},
};
use futures::future::poll_fn;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// What is read away so that the connection can be used again, bytes.
const DRAIN_BYTES: u64 = 256 * 1024;
/// How long an answer waits for that.
const DRAIN_TIME: Duration = Duration::from_secs(2);
/// What is read away after an answer that ends the connection, bytes: closed at once, the kernel would throw away the
/// answer together with what came in. As much as the largest body that is taken.
const LINGER_BYTES: u64 = 64 * 1024 * 1024;
/// How long that takes at most.
const LINGER_TIME: Duration = Duration::from_secs(5);

/// Room for the bodies of all requests that are read at once in this process, KiB: what is read of them takes several
/// times as much.
pub(super) const SPEICHER_KIB: usize = 256 * 1024;

/// Follows the body of one request.
pub(super) struct Koerper {
    zurueck: oneshot::Receiver<Rest>,
    rest: Option<Rest>,
    /// Only there do requests follow one another on a connection.
    http1: bool,
    /// The client sends nothing before it is asked to (RFC 9110 section 10.1.1).
    abwartend: bool,
}

impl Koerper {
    /// Puts itself between a request and whoever reads its body; what he reads takes room until the request is answered.
    pub(super) fn begleiten(request: Request, speicher: Arc<Semaphore>) -> (Request, Self) {
        let (geben, zurueck) = oneshot::channel();
        let koerper = Self {
            zurueck,
            rest: None,
            http1: matches!(request.version(), Version::HTTP_10 | Version::HTTP_11),
            abwartend: request.headers().contains_key(header::EXPECT),
        };
        let request = request.map(|body| {
            let rest = Rest {
                zu_ende: body.is_end_stream(),
                body,
                begonnen: false,
                speicher,
                bytes: 0,
                platz: None,
                zu_viel: false,
            };
            Body::new(Leser {
                rest: Some(rest),
                geben: Some(geben),
            })
        });
        (request, koerper)
    }

    /// What the reader left, once he has let go of it.
    fn rest(&mut self) -> Option<&Rest> {
        if self.rest.is_none() {
            self.rest = self.zurueck.try_recv().ok();
        }
        self.rest.as_ref()
    }

    /// True if somebody waited for the body and not all of it came.
    pub(super) fn fehlt(&mut self) -> bool {
        self.rest().is_some_and(|rest| rest.begonnen && !rest.zu_ende)
    }

    /// True if there was no room for the body beside those of other requests.
    pub(super) fn zu_viel(&mut self) -> bool {
        self.rest().is_some_and(|rest| rest.zu_viel)
    }

    /// True if the request was there to the last byte, and read.
    pub(super) fn gelesen(&mut self) -> bool {
        self.rest().is_none_or(|rest| rest.zu_ende)
    }

    /// Reads away what is left, within its bounds; true if the connection can be used again. If not, it goes on reading
    /// in the background for a while, so that the answer arrives.
    pub(super) async fn leeren(mut self) -> bool {
        self.rest();
        let Some(mut rest) = self.rest.take().filter(|rest| self.http1 && !rest.zu_ende) else {
            return true;
        };
        // What is read from now on is kept by nobody.
        rest.platz = None;
        if self.abwartend && !rest.begonnen {
            return false;
        }
        let klein = rest.body.size_hint().lower() <= DRAIN_BYTES;
        if klein && tokio::time::timeout(DRAIN_TIME, rest.lesen(DRAIN_BYTES)).await == Ok(true) {
            return true;
        }
        tokio::spawn(async move { tokio::time::timeout(LINGER_TIME, rest.lesen(LINGER_BYTES)).await });
        false
    }
}

/// A body with how far it was read.
struct Rest {
    body: Body,
    begonnen: bool,
    zu_ende: bool,
    speicher: Arc<Semaphore>,
    /// Bytes that its reader has got.
    bytes: usize,
    platz: Option<OwnedSemaphorePermit>,
    zu_viel: bool,
}

impl Rest {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.begonnen = true;
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.zu_ende = frame.is_none() || self.body.is_end_stream();
        Poll::Ready(frame)
    }

    /// The same for the reader, who keeps what he gets.
    fn poll_kept(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(self.poll(cx));
        let bytes = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
            _ => 0,
        };
        if self.reservieren(bytes) {
            return Poll::Ready(frame);
        }
        self.zu_viel = true;
        self.zu_ende = false;
        let voll = io::Error::other("no room for the body beside those of other requests");
        Poll::Ready(Some(Err(axum::Error::new(voll))))
    }

    fn reservieren(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        let belegt = self.platz.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let mehr = self.bytes.div_ceil(1024).saturating_sub(belegt);
        if mehr == 0 {
            return true;
        }
        let mehr = u32::try_from(mehr).unwrap_or(u32::MAX);
        let Ok(mehr) = self.speicher.clone().try_acquire_many_owned(mehr) else {
            return false;
        };
        match &mut self.platz {
            Some(platz) => platz.merge(mehr),
            None => self.platz = Some(mehr),
        }
        true
    }

    /// Reads so many bytes at most; true if nothing is left then.
    async fn lesen(&mut self, hoechstens: u64) -> bool {
        let mut offen = hoechstens;
        while !self.zu_ende {
            let Some(Ok(frame)) = poll_fn(|cx| self.poll(cx)).await else {
                break;
            };
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            match offen.checked_sub(u64::try_from(bytes).unwrap_or(u64::MAX)) {
                Some(noch) => offen = noch,
                None => return false,
            }
        }
        self.zu_ende
    }
}

/// The body as its reader sees it; gives back the rest when he lets go of it.
struct Leser {
    rest: Option<Rest>,
    geben: Option<oneshot::Sender<Rest>>,
}

impl HttpBody for Leser {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.rest.as_mut().map_or(Poll::Ready(None), |rest| rest.poll_kept(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.as_ref().is_none_or(|rest| rest.zu_ende)
    }

    fn size_hint(&self) -> SizeHint {
        self.rest
            .as_ref()
            .map_or_else(SizeHint::default, |rest| rest.body.size_hint())
    }
}

impl Drop for Leser {
    fn drop(&mut self) {
        if let (Some(rest), Some(geben)) = (self.rest.take(), self.geben.take()) {
            // Nobody asks any more if the connection is gone.
            let _ = geben.send(rest);
        }
    }
}
