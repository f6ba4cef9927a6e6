// Resources of a test, in memory.
#ifndef TESTS_BROKER_MEMORY_RESOURCES_H_
#define TESTS_BROKER_MEMORY_RESOURCES_H_

#include <map>
#include <mutex>
#include <string>

#include "svsm/broker/resources.h"

namespace svsm::broker {

class MemoryResources final : public Resources {
 public:
  Result<ByteVector> Get(std::string_view name) const override {
    const std::lock_guard guard(mutex_);
    const auto found = all_.find(name);
    if (found == all_.end()) return Status(Code::kNotFound, Source::kBroker);
    return ByteVector(found->second);
  }
  Status Put(std::string_view name, ByteView bytes) override {
    const std::lock_guard guard(mutex_);
    all_.insert_or_assign(std::string(name), ToVector(bytes));
    return OkStatus();
  }
  Status Remove(std::string_view name) override {
    const std::lock_guard guard(mutex_);
    const auto found = all_.find(name);
    if (found == all_.end()) return Status(Code::kNotFound, Source::kBroker);
    all_.erase(found);
    return OkStatus();
  }
  Result<std::vector<std::string>> List() const override {
    const std::lock_guard guard(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, bytes] : all_) names.push_back(name);
    return names;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, ByteVector, std::less<>> all_;
};

}  // namespace svsm::broker

#endif  // TESTS_BROKER_MEMORY_RESOURCES_H_
