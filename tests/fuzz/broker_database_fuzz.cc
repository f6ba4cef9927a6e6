// A broker's database as somebody may have put it in place of a backup: it is refused, or it works.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "svsm/broker/sqlite_store.h"
#include "svsm/core/hosted.h"
#include "svsm/testing/rng.h"

using namespace svsm;          // NOLINT(google-build-using-namespace)
using namespace svsm::broker;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// A folder in memory, where there is one.
std::string Folder() {
  char shared[] = "/dev/shm/broker_database_fuzz.XXXXXX";
  if (mkdtemp(shared) != nullptr) return shared;
  char folder[] = "/tmp/broker_database_fuzz.XXXXXX";
  Require(mkdtemp(folder) != nullptr);
  return folder;
}

void Remove(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::remove((path + suffix).c_str());
  }
}

void Use(Store& store) {
  for (const std::size_t limit : {std::size_t{0}, kMaxListed}) {
    static_cast<void>(store.Guests(limit).ok());
    static_cast<void>(store.BootRequests(limit).ok());
    static_cast<void>(store.Issued(limit).ok());
    const auto sessions = store.Sessions(limit);
    if (!sessions.ok()) continue;
    for (const Session& session : *sessions) {
      static_cast<void>(store.FindSecret(session.verdict.session, "a/b/c").ok());
    }
  }
  Verdict verdict;
  Fill(verdict.session, 0xEE);
  verdict.affirmed = true;
  verdict.token = "token";
  const auto begun = store.RecordVerdict(verdict, BootRule::kOpen);
  if (begun.ok()) {
    Require(begun->boot.value != 0);
    Require(!store.RecordVerdict(verdict, BootRule::kOpen).ok());
    const Bytes<3> reply = {1, 2, 3};
    const auto issued = store.IssueSecret(verdict.session, "a/b/c", reply, 1);
    Require(!issued.ok() || Equal(*issued, reply));
  }
  static_cast<void>(store.Prune(1).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string path = Folder() + "/broker.db";
  Remove(path);
  Require(WriteFileAtomically(path, ByteView(data, size), FileMode::kPrivate).ok());
  testing::FakeRng rng;
  {
    const auto store = SqliteStore::Open(path, rng);
    if (store.ok()) Use(**store);
  }
  Remove(path);
  return 0;
}
