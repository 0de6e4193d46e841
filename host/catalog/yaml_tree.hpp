// YAML from anyone, as a tree of texts that know where they stand. Refused is what no configuration needs (anchors,
// tags, keys that are no text or stand twice, several documents) and what would cost the reader far more than the
// writer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace host::catalog {

struct YamlNode {
  enum class Kind { nothing, text, list, table };
  Kind kind = Kind::nothing;
  std::string text = {};
  bool quoted = false;               // a text that is meant as one, whatever it looks like
  std::string key = {};              // in the table that it is in
  std::string where = {};            // "q2.yaml:12:3", of its key, if it has one
  std::vector<YamlNode> items = {};  // of a list, or a table as it stands in the file
};

// The root is a table. Throws Error(usage), "q2.yaml:12:3: what is wrong; what would be right".
YamlNode parse_yaml(std::string_view text, const std::string& file);

}  // namespace host::catalog
