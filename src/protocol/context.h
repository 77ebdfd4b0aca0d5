// The variables a template sees, each value knowing which field it came from.
#ifndef FULLSTOP_PROTOCOL_CONTEXT_H_
#define FULLSTOP_PROTOCOL_CONTEXT_H_

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/template.h"
#include "protocol/render.h"

namespace fullstop {

// What each jinja::Origin of one rendering stands for. Filled while the context
// is built, read afterwards.
class OriginTable {
 public:
  struct Entry {
    OriginKind kind = OriginKind::kTemplate;
    std::optional<size_t> message;
    std::string field;
  };

  jinja::Origin Add(Entry entry);
  // The template for kTemplateOrigin.
  const Entry& Get(jinja::Origin origin) const;

 private:
  std::vector<Entry> entries_{Entry{}};
};

// "system", "developer", "user", "assistant", "tool": names that the protocol
// knows, so that their bytes count as the template's.
bool IsKnownRole(std::string_view role);

// The context of transformers' chat templates: messages, tools, documents,
// add_generation_prompt, the named special tokens and the request's variables.
// Throws Error (kUsage) where a part has a wrong JSON type, kLimit where it is
// nested more than 500 levels deep.
jinja::Dict BuildContext(const TurnProtocol& protocol,
                         const RenderRequest& request, OriginTable* origins);

// As above, over the parts that Resolve has before there is a protocol. KEEP is
// true where a variable named bos_token or the like counts as the template's.
jinja::Dict BuildContext(const std::vector<NamedToken>& named,
                         bool named_variables_are_template,
                         const RenderRequest& request, OriginTable* origins);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_CONTEXT_H_
