#include "svsm/crypto/openssl.h"
#include "tests/cocoonfs/backend.h"

namespace svsm::cocoonfs {

const crypto::Symmetric& LinkedBackend() {
  static const crypto::OpensslSymmetric backend;
  return backend;
}

}  // namespace svsm::cocoonfs
