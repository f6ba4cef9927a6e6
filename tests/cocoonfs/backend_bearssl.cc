#include "svsm/crypto/bearssl.h"
#include "tests/cocoonfs/backend.h"

namespace svsm::cocoonfs {

const crypto::Symmetric& LinkedBackend() {
  static const crypto::BearsslSymmetric backend;
  return backend;
}

}  // namespace svsm::cocoonfs
