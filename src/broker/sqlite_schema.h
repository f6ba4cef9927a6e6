// broker/sqlite_schema.h: the tables of a broker's database, and whether a file has them.
#ifndef SVSM_BROKER_SQLITE_SCHEMA_H_
#define SVSM_BROKER_SQLITE_SCHEMA_H_

#include "broker/sqlite.h"
#include "svsm/core/result.h"
#include "svsm/crypto/rng.h"

namespace svsm::broker {

// "SVSK", as PRAGMA application_id.
inline constexpr std::int64_t kApplicationId = 0x5356534B;
inline constexpr std::int64_t kSchemaVersion = 1;

// Makes the tables in an empty database; in any other, checks that they are there as they would be
// made, with nothing beside them and values that fit. Errors: as SqliteStore::Open().
Status PrepareSchema(Sqlite& db, crypto::Rng& rng);

}  // namespace svsm::broker

#endif  // SVSM_BROKER_SQLITE_SCHEMA_H_
