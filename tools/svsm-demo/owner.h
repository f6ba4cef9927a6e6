// tools/svsm-demo/owner.h: what runs on the owner's machine and on the host while a VM is up.
#ifndef SVSM_TOOLS_SVSM_DEMO_OWNER_H_
#define SVSM_TOOLS_SVSM_DEMO_OWNER_H_

#include <string>

#include "svsm/kbs/broker_policy.h"
#include "tools/svsm-demo/child.h"
#include "tools/svsm-demo/stage.h"

namespace svsm::demo {

// The key that signs secrets of the broker whose state is in the folder `data`, which is made if it
// is missing.
kbs::BrokerKey BrokerKeyIn(Stage& stage, const std::string& data);

// The policy of an SVSM that has the broker's key in its measured pages.
kbs::BrokerPolicy PinnedBroker(const Stage& stage);

// A broker and a proxy in front of it, as long as the object lives.
class Services {
 public:
  // `data` is the broker's folder, `socket` where the proxy listens; both are names in the stage's
  // folder. Throws StoryEnds if one does not start.
  Services(Stage& stage, const std::string& data, const std::string& socket);

  // The line of the broker's log that says why it refused the last request.
  std::string LastRefusal() const;
  const std::string& socket() const { return socket_; }

 private:
  const std::string log_;
  const std::string socket_;
  Child broker_;
  Child proxy_;
};

}  // namespace svsm::demo

#endif  // SVSM_TOOLS_SVSM_DEMO_OWNER_H_
