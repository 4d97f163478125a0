import { registry } from "@web/core/registry";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

/**
 * The failed invoices by customer: what is mended in one row is shown in the customer's
 * other rows as well.
 */
export class FailureListController extends ListController {
    async onRecordSaved(record) {
        await super.onRecordSaved(...arguments);
        const customer = record.data.commercial_partner_id?.id;
        const others = this.model.root.records.filter(
            (other) => other !== record && other.data.commercial_partner_id?.id === customer
        );
        // Not waited for: they are loaded after what is being saved.
        others.forEach((other) => other.load());
    }
}

registry.category("views").add("maventa_failures", {
    ...listView,
    Controller: FailureListController,
});
