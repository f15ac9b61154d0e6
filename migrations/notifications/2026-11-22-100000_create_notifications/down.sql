DROP TABLE deleted_subjects;
DROP TABLE pending_mentions;
DROP TABLE notifications;
