DROP TABLE comment_refs;
DROP TABLE likes;
DROP TABLE posts;
