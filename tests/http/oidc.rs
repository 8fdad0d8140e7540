//! Signing in at an OpenID Connect provider: who is known afterwards, and what is not believed.

mod provider;
mod world;

use std::collections::HashMap;

use axum::http::Uri;
use milepost::{
    engine::store::UserRows as _,
    http::{AuthMode, HttpOptions, router},
};
use serde_json::{Value, json};

use self::{
    provider::{CLIENT_ID, query},
    world::{headers, session, world, world_with},
};

#[tokio::test]
async fn who_comes_back_from_the_provider_is_signed_in_with_their_groups() {
    let w = world().await;
    let begun = w.begin(Some("/tasks?q=a")).await;
    let asked = query(&begun.url);
    assert_eq!(asked["redirect_uri"], "https://jobs.example/sign-in/callback");
    assert_eq!(asked["scope"], "openid profile email");
    let back = w.finish(&begun.cookie, &w.provider.consent(&begun.url)).await.unwrap();
    assert_eq!(back.return_to.as_deref(), Some("/tasks?q=a"));
    let set: Vec<_> = back.cookies.iter().map(|set| set.to_str().unwrap()).collect();
    assert!(set[0].starts_with("milepost_user=") && set[0].contains("HttpOnly"), "{set:?}");
    assert!(set[1].starts_with("milepost_sign_in=; ") && set[1].contains("Max-Age=0"), "{set:?}");
    let cookie = session(&back);
    assert_eq!(w.status("/api/v1/tasks", &cookie).await, 200);
    // The group makes her an admin.
    assert_eq!(w.status("/api/v1/audit", &cookie).await, 200);
    let secret = cookie.split_once('=').unwrap().1;
    let ada = w.service.known_user_session(secret).unwrap();
    assert_eq!((ada.user_name(), ada.groups()), (Some("ada"), &["ops".to_owned()][..]));
    assert_eq!(w.provider.discoveries(), 1, "what is known is not asked again");
    // The groups are those of the last time, whatever the user was called then.
    w.provider.has_claims(json!({ "sub": "1815", "preferred_username": "countess" }));
    let cookie = session(&w.signed_in().await.unwrap());
    assert_eq!(w.status("/api/v1/tasks", &cookie).await, 200);
    assert_eq!(w.status("/api/v1/audit", &cookie).await, 403);
    assert_eq!(w.store.users(5).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_to_another_sign_in_is_not_believed() {
    let w = world().await;
    let (one, other) = (w.begin(None).await, w.begin(None).await);
    let answer = w.provider.consent(&one.url);
    let with = |name: &str, value: &str| {
        let mut answer = answer.clone();
        answer.insert(name.to_owned(), value.to_owned());
        answer
    };
    let without = |name: &str| {
        let mut answer = answer.clone();
        answer.remove(name);
        answer
    };
    let forged = one.cookie.replace(".", "%2E");
    for (cookie, answer) in [
        ("", answer.clone()),
        (&*other.cookie, answer.clone()),
        (&forged, answer.clone()),
        (&one.cookie, with("state", "")),
        (&one.cookie, with("state", &query(&other.url)["state"])),
        (&one.cookie, without("state")),
        (&one.cookie, with("iss", "https://evil.example")),
        (&one.cookie, without("code")),
        (&one.cookie, with("code", "another")),
        (&one.cookie, with("error", "access_denied")),
    ] {
        let refused = w.finish(cookie, &answer).await.unwrap_err();
        assert_eq!(refused.status, 403, "{answer:?}");
    }
    // None of these used up the code; this does, and so nobody can send it again.
    w.finish(&one.cookie, &answer).await.unwrap();
    assert_eq!(w.finish(&one.cookie, &answer).await.unwrap_err().status, 403);
    // What the provider says is repeated as a code only.
    let denied = HashMap::from([
        ("state".to_owned(), query(&other.url)["state"].clone()),
        ("error".to_owned(), "<b>access</b>".to_owned()),
    ]);
    let refused = w.finish(&other.cookie, &denied).await.unwrap_err();
    assert!(!refused.detail.contains("<b>"), "{refused:?}");
}

#[tokio::test]
async fn a_code_is_of_no_use_to_another_browser() {
    let w = world().await;
    let (one, other) = (w.begin(None).await, w.begin(None).await);
    let mut answer = w.provider.consent(&one.url);
    answer.insert("state".to_owned(), query(&other.url)["state"].clone());
    // The verifier of the other browser is not that of the code.
    assert_eq!(w.finish(&other.cookie, &answer).await.unwrap_err().status, 403);
}

#[tokio::test]
async fn an_id_token_that_is_not_for_this_sign_in_is_refused() {
    type Claim = (&'static str, fn(&mut Value));
    let w = world().await;
    let changes: [Claim; 13] = [
        ("Invalid issuer", |claims| claims["iss"] = json!("https://evil.example")),
        ("Invalid issuer", |claims| {
            claims["iss"] = json!(format!("{}/", claims["iss"].as_str().unwrap()))
        }),
        ("Invalid audience", |claims| claims["aud"] = json!("another")),
        ("Invalid audience", |claims| claims["aud"] = json!([CLIENT_ID, "another"])),
        ("authorized party", |claims| claims["azp"] = json!("another")),
        ("Invalid nonce", |claims| claims["nonce"] = json!("another")),
        ("Invalid nonce", |claims| drop(claims.as_object_mut().unwrap().remove("nonce"))),
        ("Expired", |claims| claims["exp"] = json!(claims["iat"].as_u64().unwrap() - 61)),
        ("future", |claims| claims["iat"] = json!(claims["iat"].as_u64().unwrap() + 120)),
        ("access token", |claims| claims["at_hash"] = json!("AAAA")),
        ("claim sub", |claims| claims["sub"] = json!("")),
        ("preferred_username", |claims| claims["preferred_username"] = json!("group:ops")),
        ("preferred_username", |claims| {
            drop(claims.as_object_mut().unwrap().remove("preferred_username"))
        }),
    ];
    for (why, change) in changes {
        w.provider.falsifies_claims(change);
        let (status, detail) = w.refusal().await;
        assert_eq!(status, 403, "{why}: {detail}");
        assert!(detail.contains(why), "{why}: {detail}");
    }
    // A clock that is a little ahead or behind does no harm.
    for skew in [-30, 30] {
        w.provider.falsifies_claims(move |claims| {
            let issued = claims["iat"].as_i64().unwrap() + skew;
            (claims["iat"], claims["exp"]) = (json!(issued), json!(issued));
        });
        w.signed_in().await.unwrap();
    }
}

#[tokio::test]
async fn an_id_token_that_the_provider_did_not_sign_is_refused() {
    type Change = fn(&mut Value);
    let w = world().await;
    let none: Change = |header| header["alg"] = json!("none");
    let secret: Change = |header| header["alg"] = json!("HS256");
    let unknown: Change = |header| header["kid"] = json!("another");
    for change in [none, secret, unknown] {
        w.provider.falsifies_header(change);
        assert_eq!(w.refusal().await.0, 403);
    }
    w.provider.falsifies_header(|_| {});
    let cut: Change = |tokens| {
        let token = tokens["id_token"].as_str().unwrap();
        tokens["id_token"] = json!(&token[..token.rfind('.').unwrap() + 1]);
    };
    let changed: Change = |tokens| {
        let token = tokens["id_token"].as_str().unwrap();
        tokens["id_token"] = json!(format!("{}AAAA", &token[..token.len() - 4]));
    };
    for change in [cut, changed] {
        w.provider.falsifies_tokens(change);
        assert!([403, 503].contains(&w.refusal().await.0));
    }
    w.provider.falsifies_tokens(|tokens| drop(tokens.as_object_mut().unwrap().remove("id_token")));
    assert_eq!(w.refusal().await.0, 503);
    w.provider.falsifies_tokens(|tokens| *tokens = json!("<html>"));
    assert_eq!(w.refusal().await.0, 503);
    w.provider.falsifies_tokens(|tokens| {
        tokens["filler"] = json!("x".repeat(2 << 20));
    });
    assert_eq!(w.refusal().await.0, 503);
}

#[tokio::test]
async fn what_providers_write_in_their_own_way_is_read_and_what_cannot_be_read_is_not_repeated() {
    let w = world().await;
    w.provider.has_claims(json!({
        "sub": "1815", "preferred_username": "ada", "updated_at": "2026-12-01T10:00:00.000Z",
        "email_verified": "true", "groups": "ops", "nbf": 0,
    }));
    w.signed_in().await.unwrap();
    w.provider.has_claims(json!({
        "sub": "1815", "preferred_username": "ada", "address": "Main Street",
    }));
    let (status, detail) = w.refusal().await;
    assert_eq!(status, 503);
    assert!(!detail.contains("Main Street"), "{detail}");
}

#[tokio::test]
async fn new_keys_of_the_provider_are_read_when_they_are_needed() {
    let w = world().await;
    w.signed_in().await.unwrap();
    w.provider.signs_with(2, "two");
    w.signed_in().await.unwrap();
    assert_eq!(w.provider.discoveries(), 2);
    // Another key with the same id, too.
    w.provider.signs_with(3, "two");
    w.signed_in().await.unwrap();
    assert_eq!(w.provider.discoveries(), 3);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_said_and_is_not_asked_by_everybody() {
    let w = world().await;
    w.provider.is_silent(true);
    let uri = Uri::from_static("/sign-in/provider");
    for _ in 0..5 {
        let refused = w.sign_in.begin(&headers(""), &uri, None).await.unwrap_err();
        assert_eq!(refused.status, 503);
        assert!(refused.detail.contains("does not answer"), "{refused:?}");
    }
    assert!(w.provider.discoveries() < 5, "{}", w.provider.discoveries());
}

#[tokio::test]
async fn a_name_belongs_to_who_had_it_first_and_a_disabled_user_stays_out() {
    let w = world().await;
    w.store.add_user("eve", "a hash", None).await.unwrap();
    w.provider.has_claims(json!({ "sub": "2", "preferred_username": "eve" }));
    let (status, detail) = w.refusal().await;
    assert_eq!(status, 403);
    assert!(detail.contains("Another user is called \"eve\""), "{detail}");
    w.provider.has_claims(json!({ "sub": "2", "preferred_username": "bob" }));
    let cookie = session(&w.signed_in().await.unwrap());
    assert_eq!(w.status("/api/v1/tasks", &cookie).await, 200);
    w.store.set_disabled("bob", true, None).await.unwrap();
    let (status, detail) = w.refusal().await;
    assert_eq!((status, detail.contains("may not sign in")), (403, true), "{detail}");
}

#[tokio::test]
async fn the_operator_chooses_the_claims() {
    for (claim, claims, expected) in [
        ("sub", json!({}), Some("1815")),
        ("email", json!({ "email": "a@b.example", "email_verified": true }), Some("a@b.example")),
        ("email", json!({ "email": "a@b.example", "email_verified": false }), None),
        ("email", json!({ "email": "a@b.example" }), None),
        ("login", json!({ "login": " ada " }), Some("ada")),
        ("login", json!({ "login": 5 }), None),
    ] {
        let w = world_with(|o| {
            let provider = o.auth.provider.as_mut().unwrap();
            provider.name_claim = claim.to_owned();
            provider.groups_claim = "roles".to_owned();
        });
        let w = w.await;
        let mut all = json!({ "sub": "1815", "roles": ["ops", "", 5, "dev"] });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        w.provider.has_claims(all);
        let Some(expected) = expected else {
            assert_eq!(w.refusal().await.0, 403, "{claim} {claims}");
            continue;
        };
        let back = w.signed_in().await.unwrap();
        let cookie = session(&back);
        assert_eq!(w.status("/api/v1/audit", &cookie).await, 200, "an admin by the group");
        let known = w.service.known_user_session(cookie.split_once('=').unwrap().1).unwrap();
        assert_eq!(known.user_name(), Some(expected));
        assert_eq!(known.groups(), ["ops", "dev"]);
    }
}

#[tokio::test]
async fn a_session_counts_only_in_the_mode_and_at_the_provider_in_which_it_began() {
    let mut w = world().await;
    let cookie = session(&w.signed_in().await.unwrap());
    for (change, status) in [
        (Box::new(|_: &mut HttpOptions| {}) as Box<dyn Fn(&mut HttpOptions)>, 200),
        (Box::new(|o| o.auth.mode = AuthMode::Password), 401),
        (Box::new(|o| o.auth.mode = AuthMode::Proxy), 401),
        (
            Box::new(|o| {
                o.auth.provider.as_mut().unwrap().issuer = "https://other.example".to_owned();
            }),
            401,
        ),
    ] {
        w.api = router(w.service.clone(), &w.http.clone().with(|o| change(o)));
        assert_eq!(w.status("/api/v1/tasks", &cookie).await, status);
    }
}

#[tokio::test]
async fn so_many_answers_a_minute_are_tried_from_one_address() {
    let w = world_with(|o| o.auth.password_tries_per_minute = 2).await;
    // Right ones do not count.
    for _ in 0..4 {
        w.signed_in().await.unwrap();
    }
    w.provider.falsifies_claims(|claims| claims["nonce"] = json!("another"));
    // Neither do answers that no sign-in asked for: any page may send a browser here.
    for _ in 0..4 {
        let answer = HashMap::from([("code".to_owned(), "a".to_owned())]);
        assert_eq!(w.finish("", &answer).await.unwrap_err().status, 403);
        let begun = w.begin(None).await;
        let mut denied = w.provider.consent(&begun.url);
        denied.insert("error".to_owned(), "access_denied".to_owned());
        assert_eq!(w.finish(&begun.cookie, &denied).await.unwrap_err().status, 403);
    }
    assert_eq!(w.refusal().await.0, 403);
    assert_eq!(w.refusal().await.0, 403);
    assert_eq!(w.signed_in().await.unwrap_err().status, 429);
}

#[tokio::test]
async fn who_signs_out_here_may_sign_out_there_too() {
    let w = world().await;
    let uri = Uri::from_static("/sign-in");
    let url = w.sign_in.sign_out_url(&headers(""), &uri).await.unwrap();
    assert!(url.starts_with(&format!("{}/sign-out?", w.provider.issuer)), "{url}");
    let asked = query(&url);
    assert_eq!(asked["client_id"], CLIENT_ID);
    assert_eq!(asked["post_logout_redirect_uri"], "https://jobs.example/sign-in");
}
