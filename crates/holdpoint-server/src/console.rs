//! The console: pages on which people read what is held, and stop or release it.
//!
//! Anybody who reaches the loopback address can read these pages and reject; there is no login in this version, and the pages
//! say so. Nothing here can be persuaded to approve: the one way is a WebAuthn assertion over a statement that the server
//! issued. A request that carries an agent's token, or comes over the gates' socket, is turned away from every page, so that
//! the two kinds of caller never meet on one route.
//!
//! Rejecting works without JavaScript. One static script adds passkeys, under a policy that lets nothing else run.
//!
//! **In scope**: routes, forms, pages. **Out of scope**: what may be said and by whom ([`crate::approvals`]).

mod forms;
mod pages;

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use holdpoint_api::v1::{ChangeStateV1, ModeV1};
use holdpoint_core::actor::PersonId;
use holdpoint_core::approval::Ruling;
use holdpoint_core::digest::Digest;
use holdpoint_core::webauthn::{Assertion, Base64Bytes};
use ring::hmac;
use serde::{Deserialize, Serialize};
use tower_http::set_header::SetResponseHeaderLayer;
use webauthn_rs::prelude::RegisterPublicKeyCredential;

use crate::approvals::{ANSWER_MAX, Opened, Wanted};
use crate::engine::{self, Engine};
use crate::http::listen::Peer;
use crate::http::problem::Problem;
use crate::identity::enrolment::{self, Enrolments};
use forms::{Token, Visit};
use pages::{CardPage, Choice, EnrolPage, Frame, Inbox, KeyView, ProblemPage, ReceiptView, ReceiptsPage, Row};

/// Lets run what this server serves, and nothing else; no frame of another page shows it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Most changes that each list of the inbox shows.
const LISTED_MAX: u32 = 50;

/// What the pages share.
pub struct Console {
    engine: Arc<Engine>,
    enrolments: Enrolments,
    /// Makes the tokens of forms; new with every start.
    forms: hmac::Key,
}

impl Console {
    /// Prepares the pages.
    ///
    /// # Errors
    /// Refuses an address that does not belong to the console's name, and fails where there is no randomness.
    pub fn new(engine: Arc<Engine>) -> Result<Self, Error> {
        let mut secret = [0; 32];
        engine.world.as_ref().fill_random(&mut secret)?;
        let enrolments = Enrolments::at(engine.settings.party.clone())?;
        Ok(Self { engine, enrolments, forms: hmac::Key::new(hmac::HMAC_SHA256, &secret) })
    }

    fn frame(&self) -> Frame {
        let warning = "This server runs as your own user: an agent with your user id can tamper with it. \
            What it does is made visible here, not impossible.";
        Frame { warning: (self.engine.settings.mode == ModeV1::Advisory).then(|| warning.to_owned()) }
    }
}

/// The routes of the console.
pub fn router(console: Arc<Console>) -> Router {
    let set = |name: HeaderName, value: &'static str| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    Router::new()
        .route("/", get(async || Redirect::to("/changes")))
        .route("/changes", get(inbox))
        .route("/changes/{change}", get(card))
        .route("/changes/{change}/reject", post(reject))
        .route("/changes/{change}/statements", post(ask))
        .route("/changes/{change}/rulings", post(answer))
        .route("/receipts", get(receipts))
        .route("/enrol", get(enrol))
        .route("/enrol/begin", post(begin_enrolment))
        .route("/enrol/finish", post(finish_enrolment))
        .route("/assets/console.css", get(async || asset("text/css", include_str!("../assets/console.css"))))
        .route("/assets/console.js", get(async || asset("text/javascript", include_str!("../assets/console.js"))))
        .route("/assets/icon.svg", get(async || asset("image/svg+xml", include_str!("../assets/icon.svg"))))
        .layer(from_fn_with_state(console.clone(), people_only))
        .layer(set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        // Without a referrer browsers do not say from which page a form comes, and a form must say.
        .layer(set(header::REFERRER_POLICY, "same-origin"))
        .with_state(console)
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, format!("{kind}; charset=utf-8"))], text)
}

/// Turns away whoever is not a person's browser at the console's own address.
async fn people_only(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let over_the_socket = request.extensions().get::<axum::extract::ConnectInfo<Peer>>();
    if headers.contains_key(header::AUTHORIZATION) || over_the_socket.is_none_or(|peer| matches!(peer.0, Peer::Local { .. })) {
        let problem = Problem::new(StatusCode::FORBIDDEN, "people-only", "these pages are for people: no token opens them");
        return problem.hint("propose the change again to hear how it stands").into_response();
    }
    let origin = console.engine.settings.console.as_str();
    if request.method() != Method::GET {
        let from = headers.get(header::ORIGIN).and_then(|from| from.to_str().ok());
        return match from {
            Some(from) if from == origin => next.run(request).await,
            _ => Problem::new(StatusCode::FORBIDDEN, "stranger", "the page that sent this is not this console's").into_response(),
        };
    }
    let own_host = origin.split_once("://").map(|(_, host)| host);
    match headers.get(header::HOST).and_then(|host| host.to_str().ok()) {
        host if host.is_some() && host == own_host => next.run(request).await,
        // Browsers give no passkey to an address without a name.
        _ => Redirect::permanent(&format!("{origin}{}", request.uri().path())).into_response(),
    }
}

async fn inbox(State(console): State<Arc<Console>>) -> Result<Response, Fault> {
    let engine = &console.engine;
    let waiting = engine.changes(Some(ChangeStateV1::Held), LISTED_MAX).await.map_err(console.fault())?;
    let all = engine.changes(None, LISTED_MAX).await.map_err(console.fault())?;
    let settled = all.iter().filter(|change| change.progress.state != ChangeStateV1::Held);
    page(&Inbox {
        frame: console.frame(),
        waiting: waiting.iter().map(Row::of).collect(),
        settled: settled.map(Row::of).collect(),
    })
}

/// Who somebody says they are. Only their passkey proves it.
#[derive(Debug, Deserialize)]
struct As {
    r#as: Option<PersonId>,
}

async fn card(
    State(console): State<Arc<Console>>,
    Path(change): Path<Digest>,
    Query(As { r#as: claimed }): Query<As>,
    visit: Visit,
) -> Result<Response, Fault> {
    let visit = visit.begun(console.engine.world.as_ref(), claimed).map_err(console.fault())?;
    let opened = console.engine.open(change).await.map_err(console.fault())?;
    let view = console.engine.view(change).await.map_err(console.fault())?;
    let choice = console.choice(&opened, &visit).await.map_err(console.fault())?;
    let state = view.progress.state;
    let (command, sections) = CardPage::parts(&opened.card);
    let said = opened.words.iter().map(|said| &said.word);
    let words = said.map(|word| format!("{}: {} ({})", word.approver, word.ruling.as_str(), word.assurance.as_str()));
    let until = match (state, view.progress.not_before) {
        (ChangeStateV1::Released, Some(at)) => Some(format!("permit from {}", at.strftime("%H:%M:%S UTC"))),
        (ChangeStateV1::Held, _) => Some(format!("waits until {}", opened.record.waits_until.strftime("%H:%M UTC"))),
        _ => None,
    };
    let shown = page(&CardPage {
        frame: console.frame(),
        heading: if state == ChangeStateV1::Held {
            "Let this through?".into()
        } else {
            format!("This change is {}", state.as_str())
        },
        severity: opened.card.severity.map_or("", |severity| severity.as_str()),
        until,
        command,
        sections,
        unfit: opened.card.unfit.clone(),
        choice: matches!(state, ChangeStateV1::Held | ChangeStateV1::Released | ChangeStateV1::Refused).then_some(choice),
        words: words.collect(),
        card: opened.card,
    })?;
    Ok((visit.cookies(), shown).into_response())
}

impl Console {
    /// What the visitor can choose: the one who says so, or the only one there is.
    async fn choice(&self, opened: &Opened, visit: &Visit) -> Result<Choice, engine::Error> {
        let mut people = self.engine.people().await?;
        people.insert(self.engine.owner().clone());
        let person = visit.person.clone().filter(|person| people.contains(person));
        let person = person.or_else(|| people.first().filter(|_| people.len() == 1).cloned());
        let choosing = match person {
            None => None,
            Some(person) => {
                let release = self.engine.release_of(opened, &person).await?;
                Some((person, release))
            }
        };
        let token = Token::of(visit, &self.forms).to_string();
        Ok(Choice::of(people.into_iter().collect(), choosing, token, &opened.command))
    }
}

/// A rejection, as a form sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rejection {
    token: String,
    person: PersonId,
}

async fn reject(
    State(console): State<Arc<Console>>,
    Path(change): Path<Digest>,
    visit: Visit,
    axum::Form(Rejection { token, person }): axum::Form<Rejection>,
) -> Result<Response, Fault> {
    if !Token::matches(&visit, &console.forms, &token) {
        let message = "The page is older than this server's last start. Open the change again and press Reject once more.";
        return Err(console.problem(StatusCode::CONFLICT, "Not rejected yet", message));
    }
    console.engine.reject(change, person).await.map_err(console.fault())?;
    Ok(Redirect::to(&format!("/changes/{change}")).into_response())
}

/// A person asks for something to sign.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskBody {
    ruling: Ruling,
    person: PersonId,
    shown: Digest,
}

/// What they may sign.
#[derive(Debug, Serialize)]
struct AskedBody {
    statement: Base64Bytes,
    credentials: Vec<Base64Bytes>,
    relying_party: String,
    timeout_ms: i128,
}

async fn ask(
    State(console): State<Arc<Console>>,
    Path(change): Path<Digest>,
    Json(AskBody { ruling, person, shown }): Json<AskBody>,
) -> Result<Json<AskedBody>, Problem> {
    let asked = console.engine.ask(Wanted { change, ruling, person, shown }).await?;
    Ok(Json(AskedBody {
        statement: asked.statement,
        credentials: asked.credentials,
        relying_party: console.engine.settings.party.id.clone(),
        timeout_ms: ANSWER_MAX.as_millis(),
    }))
}

/// What a person signed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    statement: Base64Bytes,
    assertion: Assertion,
}

async fn answer(
    State(console): State<Arc<Console>>,
    Path(change): Path<Digest>,
    Json(AnswerBody { statement, assertion }): Json<AnswerBody>,
) -> Result<Response, Problem> {
    let change = console.engine.hear(change, statement, assertion).await?;
    Ok((StatusCode::CREATED, Json(change.progress)).into_response())
}

async fn receipts(State(console): State<Arc<Console>>, visit: Visit) -> Result<Response, Fault> {
    let visit = visit.begun(console.engine.world.as_ref(), None).map_err(console.fault())?;
    let receipts = console.engine.receipts().await.map_err(console.fault())?;
    let token = Token::of(&visit, &console.forms).to_string();
    let receipts = receipts.into_iter().map(ReceiptView::of).collect();
    let shown = page(&ReceiptsPage { frame: console.frame(), receipts, token })?;
    Ok((visit.cookies(), shown).into_response())
}

async fn enrol(State(console): State<Arc<Console>>) -> Result<Response, Fault> {
    let keys = console.engine.store().credentials().await.map_err(engine::Error::from).map_err(console.fault())?;
    let local = console.engine.settings.party.id == "localhost";
    page(&EnrolPage { frame: console.frame(), keys: keys.iter().map(KeyView::of).collect(), local })
}

/// Somebody brings a code from the server's console.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BeginBody {
    code: String,
}

/// What their browser needs to make a key.
#[derive(Debug, Serialize)]
struct BegunBody {
    ceremony: Digest,
    options: webauthn_rs::prelude::CreationChallengeResponse,
}

async fn begin_enrolment(
    State(console): State<Arc<Console>>,
    Json(BeginBody { code }): Json<BeginBody>,
) -> Result<Json<BegunBody>, Problem> {
    let begun = console.engine.begin_enrolment(&console.enrolments, &code).await?;
    Ok(Json(BegunBody { ceremony: begun.ceremony, options: begun.options }))
}

/// A key that was made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FinishBody {
    code: String,
    label: String,
    ceremony: Digest,
    credential: RegisterPublicKeyCredential,
}

async fn finish_enrolment(
    State(console): State<Arc<Console>>,
    Json(FinishBody { code, label, ceremony, credential }): Json<FinishBody>,
) -> Result<StatusCode, Problem> {
    console.engine.finish_enrolment(&console.enrolments, ceremony, &code, label, &credential).await?;
    Ok(StatusCode::CREATED)
}

/// A page that tells what went wrong.
struct Fault(StatusCode, Box<ProblemPage>);

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let Self(status, page) = self;
        match page.render() {
            Ok(html) => (status, Html(html)).into_response(),
            Err(_) => status.into_response(),
        }
    }
}

impl Console {
    fn problem(&self, status: StatusCode, title: &str, message: &str) -> Fault {
        Fault(status, Box::new(ProblemPage { frame: self.frame(), title: title.into(), message: message.into() }))
    }

    /// Turns what the engine says into a page.
    fn fault(&self) -> impl Fn(engine::Error) -> Fault + '_ {
        |error| {
            let (status, title) = match &error {
                engine::Error::NotFound => (StatusCode::NOT_FOUND, "There is no such change"),
                engine::Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "It cannot be found out now"),
                engine::Error::Forbidden(_) => (StatusCode::FORBIDDEN, "That is not yours to say"),
                engine::Error::Malformed(_) => (StatusCode::UNPROCESSABLE_ENTITY, "It cannot be read"),
                engine::Error::NotReleased(_) => (StatusCode::CONFLICT, "Nothing was changed"),
            };
            self.problem(status, title, &error.to_string())
        }
    }
}

fn page(template: &impl Template) -> Result<Response, Fault> {
    match template.render() {
        Ok(html) => Ok(Html(html).into_response()),
        Err(_) => Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
    }
}

/// Why there is no console.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Keys cannot be enrolled at this address.
    #[error(transparent)]
    Enrolment(#[from] enrolment::Error),
    /// The operating system gives no random numbers.
    #[error(transparent)]
    Randomness(#[from] crate::clock::NoRandomness),
}
