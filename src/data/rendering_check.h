// Whether a row of ids is what the model's template makes of its turns.
#ifndef FULLSTOP_DATA_RENDERING_CHECK_H_
#define FULLSTOP_DATA_RENDERING_CHECK_H_

#include <cstddef>
#include <optional>
#include <span>

#include "base/token_id.h"
#include "data/rendered_text.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

// Immutable; any number of threads may check.
class RenderingCheck {
 public:
  // PROTOCOL needs a tokenizer, and must outlive the object.
  explicit RenderingCheck(const TurnProtocol& protocol);

  // Reads the text of IDS, all of the vocabulary, back as turns and renders
  // them as chat does; the place of the first id that chat would not have
  // there. nullopt where they agree (as far as a row that was cut goes), or
  // where the text can't be read back or rendered.
  std::optional<size_t> FirstOther(std::span<const TokenId> ids) const;

 private:
  const TurnProtocol* protocol_;
  RenderedTextReader reader_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_RENDERING_CHECK_H_
