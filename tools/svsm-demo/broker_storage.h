// tools/svsm-demo/broker_storage.h: a CocoonFS disk whose key a broker gives for a report of this
// boot, by way of the host's proxy.
#ifndef SVSM_TOOLS_SVSM_DEMO_BROKER_STORAGE_H_
#define SVSM_TOOLS_SVSM_DEMO_BROKER_STORAGE_H_

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/state_store.h"
#include "svsm/core/attester.h"
#include "svsm/core/hosted.h"
#include "svsm/kbs/broker_policy.h"
#include "tools/common/tpm_image.h"
#include "tools/svsm-demo/lying_proxy.h"
#include "tools/svsm-demo/storage.h"

namespace svsm::demo {

struct BrokerStorageOptions {
  std::string proxy;  // its socket
  std::string image;
  kbs::BrokerPolicy policy;
  Lie lie;                       // empty: the host is honest
  Attester* attester = nullptr;  // another one than the SVSM's
};

class BrokerStorage final : public BootStorage {
 public:
  explicit BrokerStorage(BrokerStorageOptions options) : options_(std::move(options)) {}

  // Errors: those of connecting, of kbs::Client, of the image and of CheckBrokerMemory().
  Result<StateStore*> Open(tool::SimVm& vm) override;
  ByteView BrokerManifest() const override { return manifest_; }

  // After Open(): who gave the key, and for which boot.
  const kbs::BrokerMemory& broker() const { return now_; }
  // How long that took: "attested in ..., disk opened in ...".
  const std::string& times() const { return times_; }
  // Whether this boot made the file system.
  bool was_new() const { return image_->was_new(); }
  const cocoonfs::FileSystem& file_system() const { return image_->file_system(); }

 private:
  // The root key.
  Result<Secret<32>> AskBroker(tool::SimVm& vm);
  Status OpenImage(tool::SimVm& vm, const Secret<32>& key);
  Status RememberBroker();

  BrokerStorageOptions options_;
  kbs::BrokerMemory now_;
  Bytes<kbs::kBrokerMemorySize> manifest_{};
  std::string times_;
  std::unique_ptr<tool::TpmImage> image_;
  std::optional<cocoonfs::FixedStateStore> memory_;
};

}  // namespace svsm::demo

#endif  // SVSM_TOOLS_SVSM_DEMO_BROKER_STORAGE_H_
