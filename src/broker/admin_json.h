// Lists of the store as JSON, and what an administrator sends.
#ifndef SVSM_BROKER_ADMIN_JSON_H_
#define SVSM_BROKER_ADMIN_JSON_H_

#include <string>
#include <vector>

#include "svsm/broker/store.h"
#include "svsm/core/result.h"

namespace svsm::broker {

std::string ToJson(const std::vector<std::string>& names);
std::string ToJson(const std::vector<Guest>& guests);
std::string ToJson(const std::vector<Session>& sessions);
std::string ToJson(const std::vector<BootRequest>& requests);
std::string ToJson(const std::vector<IssuedSecret>& secrets);
// What the owner needs to use a boot request.
std::string ToJson(const BootRequest& request, FixedView<32> host_data);

const char* BindingName(kbs::BindingMode mode);

struct BootOrder {
  std::optional<VmId> vm;
  std::uint32_t uses = 1;
  std::int64_t seconds = 3600;
};
// An empty body is an empty object. Errors: kMalformed.
Result<BootOrder> ParseBootOrder(ByteView body);
// {"overlap_seconds":N}. Errors: kMalformed.
Result<std::int64_t> ParseOverlap(ByteView body);

}  // namespace svsm::broker

#endif  // SVSM_BROKER_ADMIN_JSON_H_
