//! Tokens that nobody may be let in by.

use crate::TestTokens;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use shared_contracts::claims::Claims;

/// A token and what is wrong with it.
#[derive(Debug, Clone)]
pub struct Forgery {
    /// What is wrong.
    pub name: String,
    /// The token; fit for a header field.
    pub token: String,
}

/// Every forgery that is known, made for verifiers of the platform's own tokens which know the key of `tokens`. Where the fault
/// is in what a token says, it is genuinely signed: nothing but that fault keeps it out.
///
/// # Panics
/// Never: claims have a JSON form.
pub fn forgeries(tokens: &TestTokens) -> Vec<Forgery> {
    let maker = Maker::new(tokens);
    let mut all = maker.headers();
    all.extend(maker.confusions());
    all.extend(maker.claims());
    all.extend(maker.texts());
    all.into_iter().map(|(name, token)| Forgery { name, token }).collect()
}

type Named = (String, String);

struct Maker<'t> {
    tokens: &'t TestTokens,
    /// Whose key nobody knows.
    stranger: TestTokens,
    claims: Claims,
    good: String,
}

impl<'t> Maker<'t> {
    fn new(tokens: &'t TestTokens) -> Self {
        let claims = TestTokens::claims(7, "ann");
        Self {
            good: tokens.sign(&claims),
            stranger: TestTokens::new(),
            tokens,
            claims,
        }
    }

    fn parts(&self) -> [&str; 3] {
        let mut parts = self.good.split('.');
        [(); 3].map(|()| parts.next().unwrap_or_default())
    }

    fn header(&self) -> Value {
        json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.tokens.kid() })
    }

    fn payload(&self) -> Value {
        serde_json::to_value(&self.claims).expect("claims as JSON")
    }

    /// Headers that say what they must not, or are signed by a key that they bring along.
    fn headers(&self) -> Vec<Named> {
        let claims = self.payload().to_string();
        let mut all = Vec::new();
        let mut signed = |name: &str, more: Value| {
            let mut header = self.header();
            for (key, value) in more.as_object().into_iter().flatten() {
                header[key] = value.clone();
            }
            all.push((name.to_owned(), self.tokens.sign_texts(&header.to_string(), &claims)));
        };
        signed("crit", json!({ "crit": ["exp"] }));
        signed("crit, empty", json!({ "crit": [] }));
        signed("crit, b64", json!({ "crit": ["b64"], "b64": false }));
        signed("wrong typ", json!({ "typ": "dpop+jwt" }));
        signed("typ no text", json!({ "typ": 1 }));
        signed("kid a number", json!({ "kid": 1 }));
        signed("kid null", json!({ "kid": null }));
        signed("alg in another case", json!({ "alg": "eddsa" }));
        signed("alg a list", json!({ "alg": ["EdDSA"] }));
        signed("alg of another curve", json!({ "alg": "ES256" }));
        for kid in [
            "",
            "/dev/null",
            "../../../../etc/passwd",
            "' OR '1'='1",
            "x' UNION SELECT 'key' --",
            "https://evil.example/jwks.json",
            "|/bin/true",
            "\u{0}",
            &"k".repeat(3000),
        ] {
            signed(&format!("kid {kid:.30?}"), json!({ "kid": kid }));
        }
        let kid = self.tokens.kid();
        let twice = format!(r#"{{"alg":"none","alg":"EdDSA","typ":"JWT","kid":"{kid}"}}"#);
        all.push(("header name twice".into(), self.tokens.sign_texts(&twice, &claims)));
        let twice = format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{kid}","\u006bid":"{kid}"}}"#);
        all.push((
            "header name twice, escaped".into(),
            self.tokens.sign_texts(&twice, &claims),
        ));
        // Keys that a token brings along.
        let x = URL_SAFE_NO_PAD.encode(self.stranger.public_key());
        let own_key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x });
        for (name, value) in [
            ("jwk", own_key),
            ("jku", json!("https://evil.example/jwks.json")),
            ("x5u", json!("https://evil.example/chain.pem")),
            ("x5c", json!(["MIIB"])),
        ] {
            for kid in [kid, self.stranger.kid()] {
                let mut header = self.header();
                header[name] = value.clone();
                header["kid"] = json!(kid);
                all.push((
                    format!("{name}, {kid}"),
                    self.stranger.sign_texts(&header.to_string(), &claims),
                ));
            }
        }
        all.push(("no header".into(), self.tokens.sign_texts("", &claims)));
        all.push(("header a list".into(), self.tokens.sign_texts("[]", &claims)));
        all.push((
            "no alg".into(),
            self.tokens.sign_texts(&json!({ "kid": kid }).to_string(), &claims),
        ));
        all
    }

    /// Other algorithms than the key's.
    fn confusions(&self) -> Vec<Named> {
        let [_, payload, signature] = self.parts();
        let header = |alg: &str| {
            let mut header = self.header();
            header["alg"] = json!(alg);
            URL_SAFE_NO_PAD.encode(header.to_string())
        };
        let mut all = Vec::new();
        for alg in ["none", "None", "NONE", "nOnE", ""] {
            let message = format!("{}.{payload}", header(alg));
            for signature in ["", signature] {
                all.push((
                    format!("alg {alg:?} with {} B", signature.len()),
                    format!("{message}.{signature}"),
                ));
            }
        }
        // The public key as a secret, in each form that somebody might have handed to an HMAC.
        let raw = self.tokens.public_key();
        let x = URL_SAFE_NO_PAD.encode(raw);
        for (name, secret) in [
            ("raw", raw.to_vec()),
            ("base64url", x.into_bytes()),
            ("the key set", self.tokens.jwks().into_bytes()),
            ("nothing", Vec::new()),
        ] {
            for alg in ["HS256", "EdDSA"] {
                let message = format!("{}.{payload}", header(alg));
                let mac = Hmac::<Sha256>::new_from_slice(&secret).expect("HMAC takes any key");
                let mac = mac.chain_update(message.as_bytes()).finalize().into_bytes();
                let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac));
                all.push((format!("{alg} with {name} as its secret"), token));
            }
        }
        all.push(("another's key".into(), self.stranger.sign(&self.claims)));
        let own = self.header().to_string();
        let posing = self.stranger.sign_texts(&own, &self.payload().to_string());
        all.push(("another's key under this kid".into(), posing));
        all
    }

    /// Claims that do not hold, or are not what they should be.
    fn claims(&self) -> Vec<Named> {
        let (header, now) = (self.header().to_string(), self.claims.iat);
        let mut all = Vec::new();
        let mut with = |name: &str, claim: &str, value: Value| {
            let mut claims = self.payload();
            claims[claim] = value;
            all.push((
                format!("{claim} {name}"),
                self.tokens.sign_texts(&header, &claims.to_string()),
            ));
        };
        with("past", "exp", json!(now - 60));
        with("at 0", "exp", json!(0));
        with("negative", "exp", json!(-1));
        with("a text", "exp", json!((now + 900).to_string()));
        with("a fraction", "exp", json!(now as f64 + 900.5));
        with("huge", "exp", json!(u64::MAX));
        with("huger", "exp", json!(1e300));
        with("null", "exp", Value::Null);
        with("a list", "exp", json!([now + 900]));
        with("an object", "exp", json!({ "a": now + 900 }));
        with("true", "exp", json!(true));
        with("to come", "nbf", json!(now + 600));
        with("a text", "nbf", json!("0"));
        with("negative", "nbf", json!(-1));
        with("to come", "iat", json!(now + 600));
        with("a text", "iat", json!("0"));
        with("another's", "iss", json!("someone-else"));
        with("longer", "iss", json!(format!("{}x", self.claims.iss)));
        with("a list", "iss", json!([self.claims.iss]));
        with("null", "iss", Value::Null);
        with("another's", "aud", json!("someone-else"));
        with("others'", "aud", json!(["someone", "else"]));
        with("a list with no text", "aud", json!([self.claims.aud, 1]));
        with("an empty list", "aud", json!([]));
        with("an object", "aud", json!({ "aud": self.claims.aud }));
        with("in another case", "aud", json!(self.claims.aud.to_uppercase()));
        with("empty", "sub", json!(""));
        with("a number", "sub", json!(7));
        with("null", "sub", Value::Null);
        with("a list", "sub", json!(["7"]));
        with("a number", "sid", json!(7));
        for claim in ["exp", "iss", "aud", "sub"] {
            let mut claims = self.payload();
            if let Some(claims) = claims.as_object_mut() {
                claims.remove(claim);
            }
            all.push((
                format!("no {claim}"),
                self.tokens.sign_texts(&header, &claims.to_string()),
            ));
        }
        let text = self.payload().to_string();
        let inside = text.trim_start_matches('{');
        for (name, claims) in [
            ("claim twice", format!(r#"{{"sub":"1",{inside}"#)),
            ("claim twice, escaped", format!(r#"{{"\u0073ub":"1",{inside}"#)),
            ("claim twice inside", format!(r#"{{"x":{{"a":1,"a":2}},{inside}"#)),
            ("exp twice", format!(r#"{{"exp":{},{inside}"#, now + 9000)),
            (
                "nested deeply",
                format!(r#"{{"x":{}1{},{inside}"#, "[".repeat(100), "]".repeat(100)),
            ),
            ("claims and more", format!("{text}{text}")),
            ("claims a text", format!("{text:?}")),
            ("claims a list", format!("[{text}]")),
            ("claims cut off", text[..text.len() - 1].to_owned()),
            ("no claims", String::new()),
        ] {
            all.push((name.to_owned(), self.tokens.sign_texts(&header, &claims)));
        }
        all
    }

    /// The text of a good token, changed.
    fn texts(&self) -> Vec<Named> {
        let (good, [header, payload, signature]) = (&self.good, self.parts());
        let mut all: Vec<Named> = (1..good.len())
            .map(|length| (format!("cut off at {length}"), good[..length].to_owned()))
            .collect();
        let zeros = |length| URL_SAFE_NO_PAD.encode(vec![0; length]);
        let mut larger = self.payload();
        larger["padding"] = json!("x".repeat(8192));
        let text = self.payload().to_string();
        for (name, token) in [
            ("signature of zeros", format!("{header}.{payload}.{}", zeros(64))),
            ("short signature of zeros", format!("{header}.{payload}.{}", zeros(32))),
            ("long signature of zeros", format!("{header}.{payload}.{}", zeros(96))),
            ("signature twice", format!("{good}{signature}")),
            ("signature with a byte more", format!("{good}AA")),
            ("another part", format!("{good}.{signature}")),
            ("a last dot", format!("{good}.")),
            ("a first dot", format!(".{good}")),
            ("padded", format!("{good}==")),
            ("padded header", format!("{header}=.{payload}.{signature}")),
            ("padded payload", format!("{header}.{payload}=.{signature}")),
            ("something behind", format!("{good}~")),
            ("a space inside", format!("{header}. {payload}.{signature}")),
            (
                "five parts",
                format!("{header}.{payload}.{signature}.{payload}.{signature}"),
            ),
            ("parts in another order", format!("{payload}.{header}.{signature}")),
            ("header twice", format!("{header}.{header}.{signature}")),
            ("standard base64", format!("{header}.{payload}.{}", "+/".repeat(43))),
            (
                "other claims",
                format!(
                    "{header}.{}.{signature}",
                    URL_SAFE_NO_PAD.encode(text.replace("\"7\"", "\"1\""))
                ),
            ),
            (
                "too long",
                self.tokens.sign_texts(&self.header().to_string(), &larger.to_string()),
            ),
            ("dots", "..".to_owned()),
            ("no token", "nonsense".to_owned()),
        ] {
            all.push((name.to_owned(), token));
        }
        all
    }
}
