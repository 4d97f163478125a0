import { registry } from "@web/core/registry";
import { GraphRenderer } from "@web/views/graph/graph_renderer";
import { graphView } from "@web/views/graph/graph_view";

const GREY = "#9aa0a6";

/** What has no value is grey: any of the other colours would seem to judge it. */
export class MaventaGraphRenderer extends GraphRenderer {
    getBarChartData() {
        const data = super.getBarChartData();
        for (const dataset of data.datasets) {
            const [identifier = "[]"] = dataset.identifiers || [];
            const groups = JSON.parse(identifier).slice(1);
            if (groups.some((group) => Object.values(group)[0] === false)) {
                dataset.backgroundColor = GREY;
            }
        }
        return data;
    }
}

registry.category("views").add("maventa_graph", {
    ...graphView,
    Renderer: MaventaGraphRenderer,
});
