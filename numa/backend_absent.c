#include "numa/backend.h"
#include "numa/report.h"

#include <stdlib.h>

bool rovei_backend_hwloc(struct rovei_machine *machine, const struct rovei_machine_options *options,
                         rove_report *report)
{
    (void)machine;
    if (options->topology || options->topology_xml || getenv("HWLOC_SYNTHETIC") || getenv("HWLOC_XMLFILE"))
        report_add(report, "this library was built without hwloc and cannot take a given topology");
    return false;
}
