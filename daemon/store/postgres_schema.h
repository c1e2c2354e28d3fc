/* postgres_schema.h: the migrations as PostgreSQL reads them. */
#ifndef KF_STORE_POSTGRES_SCHEMA_H
#define KF_STORE_POSTGRES_SCHEMA_H

#include "store/db.h"

extern const struct migration postgres_migrations[], postgres_file_migrations[];

#endif
