-- One database a service; run once, when the volume is new.
CREATE DATABASE auth_db;
CREATE DATABASE post_db;
CREATE DATABASE comment_db;
CREATE DATABASE media_db;
CREATE DATABASE notification_db;
