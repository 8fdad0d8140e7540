-- Users who sign in at an OpenID Connect provider (`auth.mode = "oidc"`): which one, and who they are there. NULL: they have a
-- password.
ALTER TABLE users ADD COLUMN issuer TEXT;
ALTER TABLE users ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX users_of_provider ON users (issuer, subject) WHERE issuer IS NOT NULL;

-- JSON list: the groups that the provider named last.
ALTER TABLE user_sessions ADD COLUMN user_groups TEXT NOT NULL DEFAULT '[]';
