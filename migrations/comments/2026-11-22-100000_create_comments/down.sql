DROP TABLE deleted_posts;
DROP TABLE comments;
