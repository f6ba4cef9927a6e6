// tools/svsm-demo/storage.h: where a VM's SVSM keeps its state, and how it comes by the key.
#ifndef SVSM_TOOLS_SVSM_DEMO_STORAGE_H_
#define SVSM_TOOLS_SVSM_DEMO_STORAGE_H_

#include <memory>
#include <string>
#include <utility>

#include "svsm/crypto/openssl.h"
#include "svsm/sealed_file/sealed_file.h"
#include "tools/common/sim_vm.h"

namespace svsm::demo {

class BootStorage {
 public:
  virtual ~BootStorage() = default;
  // Opens the storage for this boot, or makes it. The store lives as long as this object.
  virtual Result<StateStore*> Open(tool::SimVm& vm) = 0;
  // What the SVSM tells those who attest it about the broker that gave the key; empty if none did.
  virtual ByteView BrokerManifest() const { return {}; }
};

// A file under the AMD-SP's key: bound to the chip, the measurement and the policy.
class SealedStorage final : public BootStorage {
 public:
  explicit SealedStorage(std::string path) : path_(std::move(path)) {}
  Result<StateStore*> Open(tool::SimVm& vm) override;

 private:
  const std::string path_;
  crypto::OpensslAesGcm aead_;
  std::unique_ptr<sealed_file::SealedFileStore> store_;
};

}  // namespace svsm::demo

#endif  // SVSM_TOOLS_SVSM_DEMO_STORAGE_H_
