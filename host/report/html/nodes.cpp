// What each node of a configuration did.
#include <fmt/format.h>

#include "report/html/parts.hpp"
#include "report/html/table.hpp"
#include "report/node_rows.hpp"

namespace host::report {

std::string node_table(const compare::ComparedConfig& config) {
  HtmlTable table("What each node did, over all runs: median [least, greatest]",
                  {"Node", "Side", "#Requests served", "#Share of them", "#Busy s", "#Capacity", "Served nothing in"});
  for (const auto& row : node_rows(config)) {
    const auto runs = fmt::format("{} of {} runs", row.idle, row.requests.size());
    table.row({words(fmt::format("{}", row.node)), words(row.side), figure(node_count_text(row.requests)),
               figure(node_share_text(row.share)), figure(node_value_text(row.busy_s)),
               figure(node_value_text(row.capacity)), words(row.idle == 0 ? "" : runs)},
              row.idle == 0 ? "" : "bad");
  }
  return table.empty() ? std::string() : table.html();
}

}  // namespace host::report
