#include "tools/svsm-demo/storage.h"

namespace svsm::demo {

Result<StateStore*> SealedStorage::Open(tool::SimVm& vm) {
  SVSM_ASSIGN_OR_RETURN(const Secret<32> key, vm.SealingKey());
  SVSM_ASSIGN_OR_RETURN(
      store_, sealed_file::SealedFileStore::Open(path_, key, aead_, vm.rng(),
                                                 sealed_file::SealedFileStore::IfAbsent::kCreate));
  return store_.get();
}

}  // namespace svsm::demo
