// Who asks: a JWT in a cookie or as a bearer token.

import jwt from "jsonwebtoken";

/** What clients may not say of themselves. */
const IDENTITY_FIELDS = ["x-user-id", "x-user-name", "x-user-role", "x-session-id"];

/** Sets `req.user` and tells the services who it is; refuses bad tokens, and, if `required`, missing ones. */
export function authenticate({ secret, issuer, audience }, isRequired) {
  const options = { algorithms: ["HS256"], issuer, audience };
  return (req, res, next) => {
    for (const field of IDENTITY_FIELDS) delete req.headers[field];
    const token = req.cookies.access_token ?? bearer(req.headers.authorization);
    if (!token) {
      return isRequired(req) ? refuse(res, "Sign in first.") : next();
    }
    let claims;
    try {
      claims = jwt.verify(token, secret, options);
    } catch {
      return refuse(res, "The token is not valid.");
    }
    req.user = claims;
    req.headers["x-user-id"] = claims.sub;
    req.headers["x-user-name"] = claims.name;
    req.headers["x-user-role"] = claims.role;
    req.headers["x-session-id"] = claims.sid;
    next();
  };
}

function bearer(field) {
  return field?.startsWith("Bearer ") ? field.slice(7) : undefined;
}

function refuse(res, message) {
  res.status(401).json({ success: false, message });
}
