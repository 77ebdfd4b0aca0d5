// A row of training data as the model sees it: rendered and encoded, and of
// each id whether it is the model's to write.
#ifndef FULLSTOP_DATA_LABELLED_ROW_H_
#define FULLSTOP_DATA_LABELLED_ROW_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "data/row_messages.h"
#include "protocol/render.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

// What an assistant's message became: ids [begin, end), from behind the
// generation prompt through the id that ends the turn.
struct WrittenTurn {
  size_t message = 0;
  size_t begin = 0;
  size_t end = 0;
  // The place of its end; absent where the template writes none.
  std::optional<size_t> stop;
};

// What an id of a row is.
enum class IdPart {
  kTemplate,  // the template's, not the model's to write
  kGiven,     // the words of others
  kWritten,   // the model's to write
  kEnd,       // the model's to write, and the end of its turn
};

struct LabelledRow {
  // Its messages are those of the messages, normalised.
  RenderedPrompt prompt;
  // Ascending; a message that the template leaves out has none.
  std::vector<WrittenTurn> turns;

  // One for each of prompt.ids.
  std::vector<IdPart> Parts() const;
};

// Labels rows of one protocol, by the origins of one rendering: what the
// template writes behind its generation prompt (markers of thoughts and calls)
// is the model's, up to the first stop behind the words. Immutable; any number
// of threads may label.
class RowLabeller {
 public:
  // PROTOCOL needs a tokenizer and a template, and must outlive the object.
  explicit RowLabeller(const TurnProtocol& protocol);

  // Throws what Render throws: kTemplate where the template refuses the row.
  // CACHE: see RenderRequest.
  LabelledRow Label(RowMessages messages, PieceCache* cache = nullptr) const;

 private:
  // The byte behind the generation prompt in [BEGIN, END) of PROMPT, where the
  // words of an answer begin at END.
  size_t BehindOpening(const RenderedPrompt& prompt, size_t begin,
                       size_t end) const;

  const TurnProtocol* protocol_;
  // The prompt's last text, which opens the assistant's turn; and how many
  // bytes of it have to be there.
  std::string opening_;
  size_t opening_head_ = 0;
};

// Whether STOP ends a turn of the assistant's for good.
bool EndsATurn(const Stop& stop);

}  // namespace fullstop

#endif  // FULLSTOP_DATA_LABELLED_ROW_H_
