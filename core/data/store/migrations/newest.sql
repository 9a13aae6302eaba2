CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0008');
CREATE TABLE aliases (
	id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	image_id INTEGER NOT NULL, 
	filename TEXT NOT NULL, 
	search_key TEXT NOT NULL, 
	CONSTRAINT pk_aliases PRIMARY KEY (id), 
	CONSTRAINT fk_aliases_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT fk_aliases_image_id FOREIGN KEY(image_id) REFERENCES images (id) ON DELETE CASCADE
);
CREATE TABLE boxes (
	id INTEGER NOT NULL, 
	image_id INTEGER NOT NULL, 
	class_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	x DOUBLE NOT NULL, 
	y DOUBLE NOT NULL, 
	width DOUBLE NOT NULL, 
	height DOUBLE NOT NULL, 
	made_by VARCHAR(200) NOT NULL, 
	made_at DATETIME NOT NULL, 
	CONSTRAINT pk_boxes PRIMARY KEY (id), 
	CONSTRAINT fk_boxes_image_id FOREIGN KEY(image_id) REFERENCES images (id) ON DELETE CASCADE, 
	CONSTRAINT fk_boxes_class_id FOREIGN KEY(class_id) REFERENCES classes (id)
);
CREATE TABLE change_items (
	id INTEGER NOT NULL, 
	change_id INTEGER NOT NULL, 
	entity VARCHAR(5) NOT NULL, 
	entity_id INTEGER NOT NULL, 
	"before" JSON NOT NULL, 
	"after" JSON NOT NULL, 
	CONSTRAINT pk_change_items PRIMARY KEY (id), 
	CONSTRAINT fk_change_items_change_id FOREIGN KEY(change_id) REFERENCES changes (id) ON DELETE CASCADE
);
CREATE TABLE changes (
	id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	text TEXT NOT NULL, 
	who VARCHAR(200) NOT NULL, 
	at DATETIME NOT NULL, 
	undone BOOLEAN NOT NULL, 
	redoable BOOLEAN NOT NULL, rewind_id INTEGER, tab VARCHAR(40), reached INTEGER, 
	CONSTRAINT pk_changes PRIMARY KEY (id), 
	CONSTRAINT fk_changes_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE classes (
	id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	name_key VARCHAR(400), 
	position INTEGER NOT NULL, 
	removed BOOLEAN NOT NULL, 
	CONSTRAINT pk_classes PRIMARY KEY (id), 
	CONSTRAINT fk_classes_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT uq_classes_project_id_name_key UNIQUE (project_id, name_key)
);
CREATE TABLE image_tags (
	image_id INTEGER NOT NULL, 
	tag_id INTEGER NOT NULL, 
	CONSTRAINT pk_image_tags PRIMARY KEY (image_id, tag_id), 
	CONSTRAINT fk_image_tags_image_id FOREIGN KEY(image_id) REFERENCES images (id) ON DELETE CASCADE, 
	CONSTRAINT fk_image_tags_tag_id FOREIGN KEY(tag_id) REFERENCES tags (id) ON DELETE CASCADE
);
CREATE TABLE images (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	filename TEXT NOT NULL, 
	search_key TEXT NOT NULL, 
	sort_key TEXT NOT NULL, 
	class_id INTEGER, 
	split VARCHAR(5), 
	annotated_by VARCHAR(200), 
	annotated_at DATETIME, 
	removed BOOLEAN NOT NULL, label_source VARCHAR(20), group_name VARCHAR(200), 
	CONSTRAINT fk_images_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT fk_images_hash FOREIGN KEY(hash) REFERENCES pictures (hash), 
	CONSTRAINT fk_images_class_id FOREIGN KEY(class_id) REFERENCES classes (id), 
	CONSTRAINT uq_images_project_id_hash UNIQUE (project_id, hash)
);
CREATE TABLE pictures (
	hash VARCHAR(64) NOT NULL, 
	suffix VARCHAR(10) NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	bytes INTEGER NOT NULL, phash VARCHAR(16), 
	CONSTRAINT pk_pictures PRIMARY KEY (hash)
);
CREATE TABLE projects (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(200) NOT NULL, 
	name_key VARCHAR(400) NOT NULL, 
	task VARCHAR(20) NOT NULL, 
	created DATETIME NOT NULL, revision INTEGER DEFAULT '0' NOT NULL, labels_changed INTEGER DEFAULT '0' NOT NULL, labels_withdrawn INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT uq_projects_name_key UNIQUE (name_key)
);
CREATE TABLE reservations (
	image_id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	tab VARCHAR(40) NOT NULL, 
	who VARCHAR(200) NOT NULL, 
	until DATETIME NOT NULL, 
	CONSTRAINT pk_reservations PRIMARY KEY (image_id), 
	CONSTRAINT fk_reservations_image_id FOREIGN KEY(image_id) REFERENCES images (id) ON DELETE CASCADE, 
	CONSTRAINT fk_reservations_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE rewinds (
	id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	change_id INTEGER NOT NULL, 
	who VARCHAR(200) NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_rewinds PRIMARY KEY (id), 
	CONSTRAINT fk_rewinds_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE tags (
	id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	name_key VARCHAR(400) NOT NULL, 
	CONSTRAINT pk_tags PRIMARY KEY (id), 
	CONSTRAINT fk_tags_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT uq_tags_project_id_name_key UNIQUE (project_id, name_key)
);
CREATE TABLE verdicts (
	id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	who VARCHAR(200) NOT NULL, 
	at DATETIME NOT NULL, tab VARCHAR(40), 
	CONSTRAINT pk_verdicts PRIMARY KEY (id), 
	CONSTRAINT fk_verdicts_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT uq_verdicts_project_id_kind_subject UNIQUE (project_id, kind, subject)
);
CREATE INDEX ix_images_hash ON images (hash);
CREATE INDEX ix_images_class_id ON images (class_id);
CREATE INDEX ix_images_by_class ON images (project_id, removed, class_id, split, id);
CREATE INDEX ix_images_by_split ON images (project_id, removed, split, id);
CREATE INDEX ix_images_by_name ON images (project_id, removed, sort_key, id);
CREATE INDEX ix_images_by_id ON images (project_id, removed, id);
CREATE INDEX ix_images_by_filename ON images (project_id, filename);
CREATE INDEX ix_aliases_image_id ON aliases (image_id);
CREATE INDEX ix_aliases_by_filename ON aliases (project_id, filename);
CREATE INDEX ix_changes_by_state ON changes (project_id, undone, id);
CREATE INDEX ix_changes_by_redo ON changes (project_id, redoable, id);
CREATE INDEX ix_change_items_change_id ON change_items (change_id);
CREATE INDEX ix_changes_rewind_id ON changes (rewind_id);
CREATE INDEX ix_rewinds_project_id ON rewinds (project_id);
CREATE INDEX ix_boxes_by_image ON boxes (image_id, position);
CREATE INDEX ix_boxes_class_id ON boxes (class_id);
CREATE INDEX ix_changes_by_tab ON changes (project_id, tab, id);
CREATE INDEX ix_reservations_project_id ON reservations (project_id);
CREATE INDEX ix_images_by_group ON images (project_id, removed, group_name, id);
CREATE INDEX ix_image_tags_tag_id ON image_tags (tag_id);
