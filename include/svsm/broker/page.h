// svsm/broker/page.h: a page for the person who runs a broker: guests, boots and verdicts with
// their reasons. Plain HTML that loads nothing and needs no script.
//
//   PageData data{.now = clock.UnixSeconds(), .policy_id = policy.current()->id};
//   SVSM_ASSIGN_OR_RETURN(data.sessions, store.Sessions(100));
//   const std::string html = RenderPage(data);
//
// Whatever came from outside is escaped: peers, reasons, names.
//
// Profile: hosted. Allocates: the heap. Threads: the function is pure.
#ifndef SVSM_BROKER_PAGE_H_
#define SVSM_BROKER_PAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "svsm/broker/store.h"

namespace svsm::broker {

struct PageData {
  std::int64_t now = 0;  // seconds since 1970
  std::string policy_id = {};
  std::vector<std::string> key_ids = {};  // that sign secrets, the newest first
  std::vector<Guest> guests = {};
  std::vector<Session> sessions = {};
  std::vector<BootRequest> requests = {};
};

// A whole HTML document in UTF-8.
std::string RenderPage(const PageData& data);

}  // namespace svsm::broker

#endif  // SVSM_BROKER_PAGE_H_
