// The crypto backend that a test program is linked with.
#ifndef SVSM_TESTS_COCOONFS_BACKEND_H_
#define SVSM_TESTS_COCOONFS_BACKEND_H_

#include "svsm/crypto/symmetric.h"

namespace svsm::cocoonfs {

const crypto::Symmetric& LinkedBackend();

}  // namespace svsm::cocoonfs

#endif  // SVSM_TESTS_COCOONFS_BACKEND_H_
