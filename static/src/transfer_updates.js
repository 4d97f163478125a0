import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { patch } from "@web/core/utils/patch";
import { debounce } from "@web/core/utils/timing";
import { FormController } from "@web/views/form/form_controller";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { ListController } from "@web/views/list/list_controller";

import { EventBus } from "@odoo/owl";
import { notify } from "./notification";

const MODELS = ["account.move", "account.journal", "maventa.transmission"];
const DELAY = 300; // milliseconds; a user in several groups gets a message for each

const QUIET = 2000; // milliseconds after connecting, when what is known already comes

/** What the server reports while invoices are transferred. */
const transferUpdates = {
    dependencies: ["bus_service", "notification", "action", "orm"],
    start(env, { bus_service: busService }) {
        const bus = new EventBus();
        let quietUntil = 0;
        busService.addEventListener("BUS:CONNECT", () => {
            quietUntil = Date.now() + QUIET;
        });
        busService.subscribe("account_maventa.updated", () => {
            if (Date.now() > quietUntil) {
                bus.trigger("UPDATED");
            }
        });
        busService.subscribe("account_maventa.run", (params) => notify(env, params));
        return { bus };
    },
};

registry.category("services").add("maventa_transfer_updates", transferUpdates);

/** Whether somebody works in a view, who would lose what is not saved or chosen. */
async function isInUse({ root }) {
    return root.isDirty
        ? root.isDirty()
        : Boolean(root.editedRecord || root.selection?.length);
}

/** Have a view that shows transfers follow them. */
function useTransferUpdates(controller) {
    const updates = useService("maventa_transfer_updates");
    const reload = debounce(async () => {
        if (!(await isInUse(controller.model))) {
            await controller.model.load();
        }
    }, DELAY);
    useBus(updates.bus, "UPDATED", reload);
}

for (const Controller of [FormController, KanbanController, ListController]) {
    patch(Controller.prototype, {
        setup() {
            super.setup(...arguments);
            if (MODELS.includes(this.props.resModel)) {
                useTransferUpdates(this);
            }
        },
    });
}
